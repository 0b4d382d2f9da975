"""Training for more ratings than one machine holds: what grows with their number is worked out by Spark.

Spark reads a Parquet file (columns person, title, stars; one row for each person and title), fits the biases and, with
MLlib's alternating least squares, the factors of titles, each on all ratings. Neighbours and the list head come from
whole people, drawn until there are about `SAMPLE` ratings. So what this machine holds depends on the number of titles
alone, and what comes out is the same snapshot as from any other training.

The only module that imports pyspark, which comes with the extra `spark`.
"""

import tempfile
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pyarrow as pa
from py4j.protocol import Py4JJavaError
from pyspark.errors import PySparkException
from pyspark.ml.recommendation import ALS
from pyspark.sql import Column, DataFrame, SparkSession, Window
from pyspark.sql import functions as F

from recommender.arrays import F32, F64, I32, I64
from recommender.biases import USER_DAMPING, damped_mean, lean
from recommender.border import HIGHEST, LOWEST, Ratings
from recommender.factors import RANK
from recommender.features import describe
from recommender.model import Model
from recommender.stars import RIDGE
from recommender.titles import Titles
from recommender.trained import EXPECTED_OF_STARS, fit_around

SAMPLE = 5_000_000
_COLUMNS = ("person", "title", "stars")
_HELD_OUT, _MOST_HELD_OUT = 0.05, 60_000
_SWEEPS, _CHECKPOINT_EVERY = 10, 5
_MOST_PEOPLE = 2**31 - 1
_DRAWN_FROM = 2**20
_RATINGS_A_PIECE = 1_000_000
_TROUBLE = (PySparkException, Py4JJavaError)


class SparkUnusable(RuntimeError):
    """Spark cannot train, for a reason that the operator can change."""


@dataclass(frozen=True)
class Distilled:
    """A trained model, and of how many ratings."""

    model: Model
    ratings: int


def train_by_spark(
    path: str, titles: Titles, *, master: str = "local[*]", folder: Path | None = None, seed: int = 0
) -> Distilled:
    """Train on a Parquet file, a folder of them or whatever else this master's Spark reads.

    Scratch files go into `folder`; on a cluster that is one which its workers see too. The same ratings give a model
    that predicts alike, not one of the same bytes: Spark adds up in any order. SparkUnusable says what is wrong with
    the file or the machine.
    """
    described = describe(titles.rows)
    with _session(master, folder) as spark:
        rows, title_ids, total = _read(spark, path)
        ids = np.union1d(title_ids, described.ids)
        cells = _Cells(spark, rows, ids, total, seed)
        biases = lean(
            cells.mean, cells.per_title, cells.sums_beyond, described.of(ids), described.weights(EXPECTED_OF_STARS)
        )
        factors = cells.factors(biases.titles, seed)
        sample, held_out = cells.sample()
    return Distilled(Model(fit_around(described, ids, biases, factors, sample, held_out)), total)


@contextmanager
def _session(master: str, folder: Path | None) -> Iterator[SparkSession]:
    """Open a session that listens nowhere outside this machine when its workers are all in it."""
    local = master.startswith("local")
    with tempfile.TemporaryDirectory(prefix="two-spark-", dir=folder) as scratch, warnings.catch_warnings():
        # "does not yet fully support pandas 3": no table of pandas is used here
        warnings.simplefilter("ignore", FutureWarning)
        wanted = {"spark.ui.enabled": "false", "spark.ui.showConsoleProgress": "false", "spark.log.level": "ERROR"}
        if local:
            wanted |= dict.fromkeys(("spark.driver.bindAddress", "spark.driver.host"), "127.0.0.1")
            wanted["spark.local.dir"] = scratch
        try:
            spark = SparkSession.builder.master(master).appName("two train").config(map=wanted).getOrCreate()
        except _TROUBLE as error:
            raise SparkUnusable(f"Spark does not start; it needs Java 17 or 21 ({_first_line(error)})") from error
        try:
            if local or folder:
                # cuts the growing history of the factors, which is read anew whenever a worker is lost
                spark.sparkContext.setCheckpointDir(scratch)
            # What is added up by title is little, and needs no more pieces than there are hands.
            spark.conf.set("spark.sql.shuffle.partitions", spark.sparkContext.defaultParallelism)
            yield spark
        finally:
            spark.stop()


def _read(spark: SparkSession, path: str) -> tuple[DataFrame, I64, int]:
    """Return clean rows, the ids of the titles in them and how many there are."""
    try:
        raw = spark.read.parquet(path)
        if missing := [name for name in _COLUMNS if name not in raw.columns]:
            raise SparkUnusable(f"{path} has no column {', '.join(missing)}")
        kinds = zip(_COLUMNS, ("long", "long", "double"), strict=True)
        rows = raw.select(*(F.col(name).cast(kind).alias(name) for name, kind in kinds)).na.drop()
        least, most = (F.min("stars"), F.min("person")), (F.max("stars"), F.max("person"))
        found = rows.groupBy("title").agg(F.count(F.lit(1)), *least, *most).toArrow()
    except _TROUBLE as error:
        raise SparkUnusable(f"{path} cannot be read ({_first_line(error)})") from error
    title_ids, counts, low, first, high, last = (column.to_numpy() for column in found.columns)
    if not len(title_ids):
        raise SparkUnusable(f"{path} holds no ratings")
    if low.min() < LOWEST or high.max() > HIGHEST:
        raise SparkUnusable(f"{path} has stars outside {LOWEST:g} to {HIGHEST:g}")
    if first.min() < 0 or last.max() > _MOST_PEOPLE:
        raise SparkUnusable(f"{path} has people outside 0 to {_MOST_PEOPLE}; MLlib counts no further")
    return rows, title_ids.astype(np.int64), int(counts.sum())


class _Cells:
    """Ratings in Spark, each person's in one place, and what is asked of them; a title's place in `ids` is its item."""

    def __init__(self, spark: SparkSession, rows: DataFrame, ids: I64, total: int, seed: int) -> None:
        self._spark, self._ids = spark, ids
        self._pieces = max(spark.sparkContext.defaultParallelism, total // _RATINGS_A_PIECE)
        sampled = min(1.0, SAMPLE / total)
        held_out = min(_HELD_OUT, _MOST_HELD_OUT / (total * sampled))
        items = self._frame(title=ids, item=np.arange(len(ids), dtype=np.int32))
        self._all = (
            rows.join(F.broadcast(items), "title")
            .select(
                F.col("person").cast("int"),
                "item",
                F.col("stars").cast("float"),
                _drawn(sampled, "person", F.lit(seed)).alias("sampled"),
                _drawn(held_out, "person", "item", F.lit(seed)).alias("drawn"),
            )
            .withColumn("held_out", F.col("sampled") & F.col("drawn"))
            .drop("drawn")
            .repartition(self._pieces, "person")
            .sortWithinPartitions("person")
            .persist()
        )
        self._known = self._all.where(~F.col("held_out"))
        found = self._known.groupBy("item").agg(F.count(F.lit(1)).alias("count"), F.sum("stars").alias("sum")).toArrow()
        at = found["item"].to_numpy()
        self.per_title = np.zeros(len(ids), dtype=np.int64)
        self.per_title[at] = found["count"].to_numpy()
        self._sums = np.zeros(len(ids))
        self._sums[at] = found["sum"].to_numpy()
        self.mean = damped_mean(float(self._sums.sum()), int(self.per_title.sum()))

    def sums_beyond(self, offsets: F32 | None) -> F64:
        """Answer `recommender.biases.lean`."""
        if offsets is None:
            return self._sums - self.mean * self.per_title
        found = self._judged(offsets).groupBy("item").agg(F.sum("beyond").alias("sum")).toArrow()
        sums = np.zeros(len(self._ids))
        sums[found["item"].to_numpy()] = found["sum"].to_numpy()
        return sums

    def factors(self, offsets: F32, seed: int) -> F32:
        """Return a row [0, factors...] for each title: what biases leave, explained by MLlib's least squares.

        Its penalty is the one by which people are folded in, so folding in repeats what it did for its own people.
        """
        left = self._judged(offsets).select(
            "person", "item", (F.col("beyond") - F.col("offset")).cast("float").alias("left")
        )
        learner = ALS(
            rank=RANK,
            maxIter=_SWEEPS,
            regParam=RIDGE[1],
            userCol="person",
            itemCol="item",
            ratingCol="left",
            numUserBlocks=self._pieces,
            numItemBlocks=self._pieces,
            checkpointInterval=_CHECKPOINT_EVERY,
            seed=seed,
        )
        found = learner.fit(left).itemFactors.toArrow()
        result = np.zeros((len(self._ids), RANK + 1), dtype=np.float32)
        result[found["id"].to_numpy(), 1:] = found["features"].combine_chunks().flatten().to_numpy().reshape(-1, RANK)
        return result

    def sample(self) -> tuple[Ratings, Ratings]:
        """Return the ratings of the people drawn, and those of them that were held out."""
        found = self._all.where("sampled").select("person", "item", "stars", "held_out").toArrow()
        held_out = found["held_out"].to_numpy()
        drawn = Ratings(found["person"].to_numpy(), self._ids[found["item"].to_numpy()], found["stars"].to_numpy())
        left_out = found.filter(held_out)
        return drawn, Ratings(
            left_out["person"].to_numpy(), self._ids[left_out["item"].to_numpy()], left_out["stars"].to_numpy()
        )

    def _judged(self, offsets: F32) -> DataFrame:
        """Return the known cells with their title's `offset` and `beyond`: stars less mean and generosity."""
        items = self._frame(item=np.arange(len(self._ids), dtype=np.int32), offset=offsets)
        stars = F.col("stars").cast("double") - F.lit(self.mean)
        everything = Window.partitionBy("person")
        gave, ratings = F.sum(stars - F.col("offset")).over(everything), F.count(F.lit(1)).over(everything)
        judged = self._known.join(F.broadcast(items), "item")
        return judged.withColumn("beyond", stars - gave / (ratings + F.lit(USER_DAMPING)))

    def _frame(self, **columns: F32 | I32 | I64) -> DataFrame:
        return self._spark.createDataFrame(pa.table(columns))


def _drawn(share: float, *by: Column | str) -> Column:
    """Say by lot, the same at each look, which rows are among this share of them."""
    return F.pmod(F.xxhash64(*by), F.lit(_DRAWN_FROM)) < F.lit(round(share * _DRAWN_FROM))


def _first_line(error: Exception) -> str:
    said = error.java_exception.getMessage() if isinstance(error, Py4JJavaError) else str(error)
    return str(said).strip().splitlines()[0]
