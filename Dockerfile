# Tags, not digests: the images could not be fetched where this was written, and a digest that nobody has run proves
# nothing. Whoever deploys pins them:  docker buildx imagetools inspect python:3.11-slim-bookworm
FROM python:3.11-slim-bookworm AS build
ENV PIP_DISABLE_PIP_VERSION_CHECK=1 \
    PIP_NO_CACHE_DIR=1
WORKDIR /app
COPY requirements/ requirements/
RUN python -m venv /opt/two \
 && /opt/two/bin/pip install --quiet --require-hashes --only-binary :all: \
      -r requirements/base.txt -r requirements/build.txt
COPY pyproject.toml ./
COPY bot/ bot/
COPY core/ core/
COPY recommender/ recommender/
COPY migrations/ migrations/
# The stand-ins for Telegram and Bootpay stay out; the last two lines prove that nothing else needs them.
RUN rm -rf bot/sandbox \
 && /opt/two/bin/pip install --quiet --no-deps --no-build-isolation --no-index --editable . \
 && /opt/two/bin/pip uninstall --quiet --yes setuptools pip \
 && /opt/two/bin/python -m compileall -q bot core recommender \
 && /opt/two/bin/python -c 'import bot.app' \
 && /opt/two/bin/two run --help

FROM python:3.11-slim-bookworm
RUN useradd --system --uid 10001 --user-group --home-dir /var/lib/two --create-home two
COPY --from=build /opt/two /opt/two
COPY --from=build /app /app
ENV PATH=/opt/two/bin:$PATH \
    PYTHONUNBUFFERED=1 \
    PYTHONDONTWRITEBYTECODE=1 \
    NUMBA_CACHE_DIR=/var/lib/two/.numba \
    HOST=0.0.0.0 \
    PORT=8080
# Owned by the bot's user, and the only such place: the embedded database lives here when DATABASE_URL is not set, and
# so do the recommender's compiled loops (where nothing can be written they are compiled anew at each start).
WORKDIR /var/lib/two
USER 10001:10001
EXPOSE 8080
HEALTHCHECK --interval=15s --timeout=5s --start-period=30s --retries=3 \
  CMD ["python", "-c", "import http.client, os, sys; c = http.client.HTTPConnection('127.0.0.1', int(os.environ['PORT']), timeout=4); c.request('GET', '/healthz'); sys.exit(c.getresponse().status != 200)"]
ENTRYPOINT ["two"]
CMD ["run"]
