"""people, parties, bills, rooms and titles."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import mysql

import core.db

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "hint",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), autoincrement=True, nullable=False),
        sa.Column("receipt_id", core.db.ExternalId(length=64), nullable=False),
        sa.Column("asks", sa.Integer(), nullable=False),
        sa.Column("ask_at", core.db.UtcDateTime(), nullable=False),
        sa.Column("received_at", core.db.UtcDateTime(), nullable=False),
        sa.Column("done_at", core.db.UtcDateTime(), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_hint")),
        sa.UniqueConstraint("receipt_id", name=op.f("uq_hint_receipt_id")),
        mysql_charset="utf8mb4",
        mysql_engine="InnoDB",
    )
    with op.batch_alter_table("hint", schema=None) as batch_op:
        batch_op.create_index("ix_hint_done_at_ask_at", ["done_at", "ask_at"], unique=False)

    op.create_table(
        "lease",
        sa.Column("name", core.db.ExternalId(length=64), nullable=False),
        sa.Column("holder", core.db.ExternalId(length=64), nullable=False),
        sa.Column("held_until", core.db.UtcDateTime(), nullable=False),
        sa.PrimaryKeyConstraint("name", name=op.f("pk_lease")),
        mysql_charset="utf8mb4",
        mysql_engine="InnoDB",
    )
    op.create_table(
        "operator_act",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), autoincrement=True, nullable=False),
        sa.Column("who", sa.String(length=40), nullable=False),
        sa.Column("what", sa.String(length=40), nullable=False),
        sa.Column("facts", sa.JSON(), nullable=False),
        sa.Column("at", core.db.UtcDateTime(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_operator_act")),
        mysql_charset="utf8mb4",
        mysql_engine="InnoDB",
    )
    with op.batch_alter_table("operator_act", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_operator_act_what"), ["what"], unique=False)

    op.create_table(
        "outbox",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), autoincrement=True, nullable=False),
        sa.Column("kind", sa.String(length=24), nullable=False),
        sa.Column("person_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True),
        sa.Column("chat_id", sa.BigInteger(), nullable=True),
        sa.Column("name", sa.String(length=64), nullable=False),
        sa.Column("data", sa.JSON(), nullable=False),
        sa.Column("valid_while", sa.JSON(), nullable=True),
        sa.Column("on_sent", sa.JSON(), nullable=True),
        sa.Column("leaves_no_trace", sa.Boolean(), nullable=False),
        sa.Column("state", sa.String(length=24), nullable=False),
        sa.Column("attempts", sa.Integer(), nullable=False),
        sa.Column("not_before", core.db.UtcDateTime(), nullable=False),
        sa.Column("created_at", core.db.UtcDateTime(), nullable=False),
        sa.Column("sent_at", core.db.UtcDateTime(), nullable=True),
        sa.Column("edits_message_id", sa.BigInteger(), nullable=True),
        sa.Column("message_id", sa.BigInteger(), nullable=True),
        sa.Column("error", sa.String(length=200), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_outbox")),
        mysql_charset="utf8mb4",
        mysql_engine="InnoDB",
    )
    with op.batch_alter_table("outbox", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_outbox_person_id"), ["person_id"], unique=False)
        batch_op.create_index("ix_outbox_state_not_before", ["state", "not_before"], unique=False)

    op.create_table(
        "payout_batch",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), autoincrement=True, nullable=False),
        sa.Column("exported_at", core.db.UtcDateTime(), nullable=False),
        sa.Column("exported_by", sa.String(length=40), nullable=False),
        sa.Column("confirmed_at", core.db.UtcDateTime(), nullable=True),
        sa.Column("confirmed_by", sa.String(length=40), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_payout_batch")),
        mysql_charset="utf8mb4",
        mysql_engine="InnoDB",
    )
    op.create_table(
        "person",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), autoincrement=True, nullable=False),
        sa.Column("telegram_id", sa.BigInteger(), nullable=True),
        sa.Column("nickname", sa.String(length=20), nullable=True),
        sa.Column("language", sa.String(length=5), nullable=False),
        sa.Column("age_band", sa.String(length=24), nullable=False),
        sa.Column("picture_file_id", core.db.ExternalId(length=200), nullable=True),
        sa.Column("genres", sa.JSON(), nullable=False),
        sa.Column("reachable", sa.Boolean(), nullable=False),
        sa.Column("quiet_from", sa.Integer(), nullable=False),
        sa.Column("quiet_until", sa.Integer(), nullable=False),
        sa.Column("muted_until", core.db.UtcDateTime(), nullable=True),
        sa.Column("created_at", core.db.UtcDateTime(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_person")),
        sa.UniqueConstraint("telegram_id", name=op.f("uq_person_telegram_id")),
        mysql_charset="utf8mb4",
        mysql_engine="InnoDB",
    )
    op.create_table(
        "service",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), autoincrement=True, nullable=False),
        sa.Column("slug", core.db.ExternalId(length=40), nullable=False),
        sa.Column("name_ko", sa.String(length=40), nullable=False),
        sa.Column("name_en", sa.String(length=40), nullable=False),
        sa.Column("emoji", sa.String(length=8), nullable=False),
        sa.Column("risk_note_ko", sa.String(length=200), nullable=True),
        sa.Column("risk_note_en", sa.String(length=200), nullable=True),
        sa.Column("tmdb_provider_ids", sa.JSON(), nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_service")),
        sa.UniqueConstraint("slug", name=op.f("uq_service_slug")),
        mysql_charset="utf8mb4",
        mysql_engine="InnoDB",
    )
    op.create_table(
        "snapshot",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), autoincrement=True, nullable=False),
        sa.Column("checksum", core.db.ExternalId(length=64), nullable=False),
        sa.Column("size", sa.Integer(), nullable=False),
        sa.Column("ratings", sa.Integer(), nullable=False),
        sa.Column("complete", sa.Boolean(), nullable=False),
        sa.Column("created_at", core.db.UtcDateTime(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_snapshot")),
        mysql_charset="utf8mb4",
        mysql_engine="InnoDB",
    )
    op.create_table(
        "telegram_update",
        sa.Column("update_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("attempts", sa.Integer(), nullable=False),
        sa.Column("done_at", core.db.UtcDateTime(), nullable=True),
        sa.Column("dead_at", core.db.UtcDateTime(), nullable=True),
        sa.Column("error", sa.String(length=120), nullable=True),
        sa.PrimaryKeyConstraint("update_id", name=op.f("pk_telegram_update")),
        mysql_charset="utf8mb4",
        mysql_engine="InnoDB",
    )
    with op.batch_alter_table("telegram_update", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_telegram_update_done_at"), ["done_at"], unique=False)

    op.create_table(
        "title",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), autoincrement=False, nullable=False),
        sa.Column("kind", sa.String(length=24), nullable=False),
        sa.Column("name_ko", sa.String(length=200), nullable=False),
        sa.Column("name_en", sa.String(length=200), nullable=False),
        sa.Column("year", sa.Integer(), nullable=False),
        sa.Column("genres", sa.JSON(), nullable=False),
        sa.Column("country", sa.JSON(), nullable=False),
        sa.Column("language", sa.String(length=8), nullable=False),
        sa.Column("director", sa.JSON(), nullable=False),
        sa.Column("cast", sa.JSON(), nullable=False),
        sa.Column("services", sa.JSON(), nullable=False),
        sa.Column("certificate", sa.String(length=8), nullable=False),
        sa.Column("vote_tenths", sa.Integer(), nullable=False),
        sa.Column("votes", sa.Integer(), nullable=False),
        sa.Column(
            "search_text",
            sa.String(length=1000)
            .with_variant(mysql.VARCHAR(charset="utf8mb4", collation="utf8mb4_bin", length=1000), "mariadb")
            .with_variant(mysql.VARCHAR(charset="utf8mb4", collation="utf8mb4_bin", length=1000), "mysql"),
            nullable=False,
        ),
        sa.Column("updated_at", core.db.UtcDateTime(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_title")),
        mysql_charset="utf8mb4",
        mysql_engine="InnoDB",
    )
    op.create_table(
        "browsing",
        sa.Column("person_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("services", sa.JSON(), nullable=False),
        sa.Column("kind", sa.String(length=24), nullable=True),
        sa.Column("genre", sa.String(length=24), nullable=True),
        sa.Column("mood", sa.String(length=24), nullable=True),
        sa.Column("round", sa.Integer(), nullable=False),
        sa.Column("shown", sa.JSON(), nullable=False),
        sa.ForeignKeyConstraint(["person_id"], ["person.id"], name=op.f("fk_browsing_person_id_person")),
        sa.PrimaryKeyConstraint("person_id", name=op.f("pk_browsing")),
        mysql_charset="utf8mb4",
        mysql_engine="InnoDB",
    )
    op.create_table(
        "card",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), autoincrement=True, nullable=False),
        sa.Column("person_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("current", sa.Boolean(), nullable=True),
        sa.Column("subscription_id", core.db.ExternalId(length=64), nullable=False),
        sa.Column("receipt_id", core.db.ExternalId(length=64), nullable=True),
        sa.Column("key_sealed", core.db.ExternalId(length=400), nullable=True),
        sa.Column("label", sa.String(length=60), nullable=True),
        sa.Column("state", sa.String(length=24), nullable=False),
        sa.Column("consent_version", sa.String(length=24), nullable=False),
        sa.Column("consented_at", core.db.UtcDateTime(), nullable=False),
        sa.Column("asks", sa.Integer(), nullable=False),
        sa.Column("ask_at", core.db.UtcDateTime(), nullable=True),
        sa.Column("created_at", core.db.UtcDateTime(), nullable=False),
        sa.Column("closed_at", core.db.UtcDateTime(), nullable=True),
        sa.ForeignKeyConstraint(["person_id"], ["person.id"], name=op.f("fk_card_person_id_person")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_card")),
        sa.UniqueConstraint("person_id", "current", name=op.f("uq_card_person_id_current")),
        sa.UniqueConstraint("receipt_id", name=op.f("uq_card_receipt_id")),
        sa.UniqueConstraint("subscription_id", name=op.f("uq_card_subscription_id")),
        mysql_charset="utf8mb4",
        mysql_engine="InnoDB",
    )
    with op.batch_alter_table("card", schema=None) as batch_op:
        batch_op.create_index("ix_card_state_ask_at", ["state", "ask_at"], unique=False)

    op.create_table(
        "consent",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), autoincrement=True, nullable=False),
        sa.Column("person_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("kind", sa.String(length=24), nullable=False),
        sa.Column("version", sa.String(length=24), nullable=False),
        sa.Column("given_at", core.db.UtcDateTime(), nullable=False),
        sa.ForeignKeyConstraint(["person_id"], ["person.id"], name=op.f("fk_consent_person_id_person")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_consent")),
        sa.UniqueConstraint("person_id", "kind", "version", name=op.f("uq_consent_person_id_kind_version")),
        mysql_charset="utf8mb4",
        mysql_engine="InnoDB",
    )
    op.create_table(
        "dialog",
        sa.Column("person_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("question", sa.String(length=32), nullable=False),
        sa.Column("data", sa.JSON(), nullable=False),
        sa.Column("expires_at", core.db.UtcDateTime(), nullable=False),
        sa.ForeignKeyConstraint(["person_id"], ["person.id"], name=op.f("fk_dialog_person_id_person")),
        sa.PrimaryKeyConstraint("person_id", name=op.f("pk_dialog")),
        mysql_charset="utf8mb4",
        mysql_engine="InnoDB",
    )
    op.create_table(
        "payout_account",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), autoincrement=True, nullable=False),
        sa.Column("person_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("current", sa.Boolean(), nullable=True),
        sa.Column("bank", sa.String(length=3), nullable=False),
        sa.Column("holder_sealed", core.db.ExternalId(length=400), nullable=True),
        sa.Column("number_sealed", core.db.ExternalId(length=400), nullable=True),
        sa.Column("last4", sa.String(length=4), nullable=False),
        sa.Column("state", sa.String(length=24), nullable=False),
        sa.Column("code_sealed", core.db.ExternalId(length=400), nullable=True),
        sa.Column("code_batch_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True),
        sa.Column("tries", sa.Integer(), nullable=False),
        sa.Column("created_at", core.db.UtcDateTime(), nullable=False),
        sa.Column("verified_at", core.db.UtcDateTime(), nullable=True),
        sa.ForeignKeyConstraint(
            ["code_batch_id"], ["payout_batch.id"], name=op.f("fk_payout_account_code_batch_id_payout_batch")
        ),
        sa.ForeignKeyConstraint(["person_id"], ["person.id"], name=op.f("fk_payout_account_person_id_person")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_payout_account")),
        sa.UniqueConstraint("person_id", "current", name=op.f("uq_payout_account_person_id_current")),
        mysql_charset="utf8mb4",
        mysql_engine="InnoDB",
    )
    op.create_table(
        "plan",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), autoincrement=True, nullable=False),
        sa.Column("service_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("slug", core.db.ExternalId(length=60), nullable=False),
        sa.Column("name_ko", sa.String(length=60), nullable=False),
        sa.Column("name_en", sa.String(length=60), nullable=False),
        sa.Column("streams", sa.Integer(), nullable=True),
        sa.Column("profiles", sa.Integer(), nullable=True),
        sa.Column("downloads", sa.Integer(), nullable=True),
        sa.Column("sharing_rule", sa.String(length=24), nullable=False),
        sa.Column("invite_method", sa.String(length=24), nullable=False),
        sa.Column("seats_min", sa.Integer(), nullable=False),
        sa.Column("seats_max", sa.Integer(), nullable=False),
        sa.Column("adult_auth", sa.Boolean(), nullable=False),
        sa.Column("confidence", sa.String(length=12), nullable=False),
        sa.Column("source", sa.String(length=200), nullable=False),
        sa.Column("checked_on", sa.Date(), nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.Column("withdrawn", sa.Boolean(), nullable=False),
        sa.ForeignKeyConstraint(["service_id"], ["service.id"], name=op.f("fk_plan_service_id_service")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_plan")),
        sa.UniqueConstraint("slug", name=op.f("uq_plan_slug")),
        mysql_charset="utf8mb4",
        mysql_engine="InnoDB",
    )
    op.create_table(
        "rating",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), autoincrement=True, nullable=False),
        sa.Column("person_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("title_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("halves", sa.Integer(), nullable=False),
        sa.Column("rated_at", core.db.UtcDateTime(), nullable=False),
        sa.CheckConstraint("halves between 1 and 10", name=op.f("ck_rating_halves")),
        sa.ForeignKeyConstraint(["person_id"], ["person.id"], name=op.f("fk_rating_person_id_person")),
        sa.ForeignKeyConstraint(["title_id"], ["title.id"], name=op.f("fk_rating_title_id_title")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_rating")),
        sa.UniqueConstraint("person_id", "title_id", name=op.f("uq_rating_person_id_title_id")),
        mysql_charset="utf8mb4",
        mysql_engine="InnoDB",
    )
    with op.batch_alter_table("rating", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_rating_title_id"), ["title_id"], unique=False)

    op.create_table(
        "set_aside",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), autoincrement=True, nullable=False),
        sa.Column("person_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("title_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("mark", sa.String(length=24), nullable=False),
        sa.Column("marked_at", core.db.UtcDateTime(), nullable=False),
        sa.ForeignKeyConstraint(["person_id"], ["person.id"], name=op.f("fk_set_aside_person_id_person")),
        sa.ForeignKeyConstraint(["title_id"], ["title.id"], name=op.f("fk_set_aside_title_id_title")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_set_aside")),
        sa.UniqueConstraint("person_id", "title_id", name=op.f("uq_set_aside_person_id_title_id")),
        mysql_charset="utf8mb4",
        mysql_engine="InnoDB",
    )
    op.create_table(
        "snapshot_chunk",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), autoincrement=True, nullable=False),
        sa.Column("snapshot_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column(
            "content",
            sa.LargeBinary().with_variant(mysql.MEDIUMBLOB(), "mariadb").with_variant(mysql.MEDIUMBLOB(), "mysql"),
            nullable=False,
        ),
        sa.ForeignKeyConstraint(["snapshot_id"], ["snapshot.id"], name=op.f("fk_snapshot_chunk_snapshot_id_snapshot")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_snapshot_chunk")),
        sa.UniqueConstraint("snapshot_id", "number", name=op.f("uq_snapshot_chunk_snapshot_id_number")),
        mysql_charset="utf8mb4",
        mysql_engine="InnoDB",
    )
    op.create_table(
        "party",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), autoincrement=True, nullable=False),
        sa.Column("code", core.db.ExternalId(length=24), nullable=False),
        sa.Column("host_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("plan_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("seats", sa.Integer(), nullable=False),
        sa.Column("min_members", sa.Integer(), nullable=False),
        sa.Column("price_won", sa.BigInteger(), nullable=False),
        sa.Column("listed", sa.Boolean(), nullable=False),
        sa.Column("starts_on", sa.Date(), nullable=False),
        sa.Column("recruits_until", sa.Date(), nullable=False),
        sa.Column("ends_on", sa.Date(), nullable=True),
        sa.Column("anchor_day", sa.Integer(), nullable=False),
        sa.Column("state", sa.String(length=24), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("audited_version", sa.Integer(), nullable=False),
        sa.Column("opened_from", sa.BigInteger(), nullable=True),
        sa.Column("created_at", core.db.UtcDateTime(), nullable=False),
        sa.Column("started_at", core.db.UtcDateTime(), nullable=True),
        sa.Column("ended_at", core.db.UtcDateTime(), nullable=True),
        sa.CheckConstraint("anchor_day between 1 and 31", name=op.f("ck_party_anchor_day")),
        sa.CheckConstraint("price_won > 0", name=op.f("ck_party_price_positive")),
        sa.CheckConstraint("seats >= 2", name=op.f("ck_party_seats")),
        sa.ForeignKeyConstraint(["host_id"], ["person.id"], name=op.f("fk_party_host_id_person")),
        sa.ForeignKeyConstraint(["plan_id"], ["plan.id"], name=op.f("fk_party_plan_id_plan")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_party")),
        sa.UniqueConstraint("code", name=op.f("uq_party_code")),
        sa.UniqueConstraint("host_id", "opened_from", name=op.f("uq_party_host_id_opened_from")),
        mysql_charset="utf8mb4",
        mysql_engine="InnoDB",
    )
    with op.batch_alter_table("party", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_party_ends_on"), ["ends_on"], unique=False)
        batch_op.create_index(batch_op.f("ix_party_state"), ["state"], unique=False)

    op.create_table(
        "payout",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), autoincrement=True, nullable=False),
        sa.Column("person_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("under_way", sa.Boolean(), nullable=True),
        sa.Column("account_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("batch_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True),
        sa.Column("amount_won", sa.BigInteger(), nullable=False),
        sa.Column("payout_key", core.db.ExternalId(length=64), nullable=False),
        sa.Column("state", sa.String(length=24), nullable=False),
        sa.Column("word", sa.String(length=80), nullable=True),
        sa.Column("created_at", core.db.UtcDateTime(), nullable=False),
        sa.Column("exported_at", core.db.UtcDateTime(), nullable=True),
        sa.Column("closed_at", core.db.UtcDateTime(), nullable=True),
        sa.CheckConstraint("amount_won > 0", name=op.f("ck_payout_amount_positive")),
        sa.ForeignKeyConstraint(
            ["account_id"], ["payout_account.id"], name=op.f("fk_payout_account_id_payout_account")
        ),
        sa.ForeignKeyConstraint(["batch_id"], ["payout_batch.id"], name=op.f("fk_payout_batch_id_payout_batch")),
        sa.ForeignKeyConstraint(["person_id"], ["person.id"], name=op.f("fk_payout_person_id_person")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_payout")),
        sa.UniqueConstraint("payout_key", name=op.f("uq_payout_payout_key")),
        sa.UniqueConstraint("person_id", "under_way", name=op.f("uq_payout_person_id_under_way")),
        mysql_charset="utf8mb4",
        mysql_engine="InnoDB",
    )
    with op.batch_alter_table("payout", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_payout_batch_id"), ["batch_id"], unique=False)
        batch_op.create_index(batch_op.f("ix_payout_state"), ["state"], unique=False)

    op.create_table(
        "plan_price",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), autoincrement=True, nullable=False),
        sa.Column("plan_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("price_won", sa.BigInteger(), nullable=False),
        sa.Column("valid_from", sa.Date(), nullable=False),
        sa.Column("valid_to", sa.Date(), nullable=True),
        sa.CheckConstraint("price_won > 0", name=op.f("ck_plan_price_price_positive")),
        sa.ForeignKeyConstraint(["plan_id"], ["plan.id"], name=op.f("fk_plan_price_plan_id_plan")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_plan_price")),
        sa.UniqueConstraint("plan_id", "valid_from", name=op.f("uq_plan_price_plan_id_valid_from")),
        mysql_charset="utf8mb4",
        mysql_engine="InnoDB",
    )
    op.create_table(
        "cycle",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), autoincrement=True, nullable=False),
        sa.Column("party_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("starts_on", sa.Date(), nullable=False),
        sa.Column("ends_on", sa.Date(), nullable=False),
        sa.Column("price_won", sa.BigInteger(), nullable=False),
        sa.Column("opened_at", core.db.UtcDateTime(), nullable=False),
        sa.ForeignKeyConstraint(["party_id"], ["party.id"], name=op.f("fk_cycle_party_id_party")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_cycle")),
        sa.UniqueConstraint("party_id", "number", name=op.f("uq_cycle_party_id_number")),
        sa.UniqueConstraint("party_id", "starts_on", name=op.f("uq_cycle_party_id_starts_on")),
        mysql_charset="utf8mb4",
        mysql_engine="InnoDB",
    )
    op.create_table(
        "membership",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), autoincrement=True, nullable=False),
        sa.Column("party_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("person_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("role", sa.String(length=24), nullable=False),
        sa.Column("state", sa.String(length=24), nullable=False),
        sa.Column("seat", sa.Integer(), nullable=True),
        sa.Column("present", sa.Boolean(), nullable=True),
        sa.Column("held_until", core.db.UtcDateTime(), nullable=True),
        sa.Column("serves_from", sa.Date(), nullable=True),
        sa.Column("leaves_on", sa.Date(), nullable=True),
        sa.Column("suspended_at", core.db.UtcDateTime(), nullable=True),
        sa.Column("terms_version", sa.String(length=24), nullable=False),
        sa.Column("created_at", core.db.UtcDateTime(), nullable=False),
        sa.Column("activated_at", core.db.UtcDateTime(), nullable=True),
        sa.Column("ended_at", core.db.UtcDateTime(), nullable=True),
        sa.ForeignKeyConstraint(["party_id"], ["party.id"], name=op.f("fk_membership_party_id_party")),
        sa.ForeignKeyConstraint(["person_id"], ["person.id"], name=op.f("fk_membership_person_id_person")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_membership")),
        sa.UniqueConstraint("party_id", "person_id", "present", name=op.f("uq_membership_party_id_person_id_present")),
        sa.UniqueConstraint("party_id", "seat", name=op.f("uq_membership_party_id_seat")),
        mysql_charset="utf8mb4",
        mysql_engine="InnoDB",
    )
    with op.batch_alter_table("membership", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_membership_held_until"), ["held_until"], unique=False)
        batch_op.create_index(batch_op.f("ix_membership_leaves_on"), ["leaves_on"], unique=False)
        batch_op.create_index(batch_op.f("ix_membership_person_id"), ["person_id"], unique=False)
        batch_op.create_index(batch_op.f("ix_membership_state"), ["state"], unique=False)

    op.create_table(
        "price_change",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), autoincrement=True, nullable=False),
        sa.Column("party_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("old_won", sa.BigInteger(), nullable=False),
        sa.Column("new_won", sa.BigInteger(), nullable=False),
        sa.Column("from_cycle_on", sa.Date(), nullable=False),
        sa.Column("standing", sa.Boolean(), nullable=True),
        sa.Column("by_host", sa.Boolean(), nullable=False),
        sa.Column("closes_at", core.db.UtcDateTime(), nullable=False),
        sa.Column("state", sa.String(length=24), nullable=False),
        sa.Column("asked_at", core.db.UtcDateTime(), nullable=False),
        sa.Column("reminded_at", core.db.UtcDateTime(), nullable=True),
        sa.Column("closed_at", core.db.UtcDateTime(), nullable=True),
        sa.CheckConstraint("new_won > 0", name=op.f("ck_price_change_price_positive")),
        sa.ForeignKeyConstraint(["party_id"], ["party.id"], name=op.f("fk_price_change_party_id_party")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_price_change")),
        sa.UniqueConstraint(
            "party_id", "from_cycle_on", "standing", name=op.f("uq_price_change_party_id_from_cycle_on_standing")
        ),
        mysql_charset="utf8mb4",
        mysql_engine="InnoDB",
    )
    with op.batch_alter_table("price_change", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_price_change_state"), ["state"], unique=False)

    op.create_table(
        "room",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), autoincrement=True, nullable=False),
        sa.Column("party_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("kind", sa.String(length=24), nullable=False),
        sa.Column("chat_id", sa.BigInteger(), nullable=True),
        sa.Column("reconciled_version", sa.Integer(), nullable=False),
        sa.Column("reconciled_on", sa.Date(), nullable=True),
        sa.Column("opened_at", core.db.UtcDateTime(), nullable=False),
        sa.Column("closed_at", core.db.UtcDateTime(), nullable=True),
        sa.ForeignKeyConstraint(["party_id"], ["party.id"], name=op.f("fk_room_party_id_party")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_room")),
        sa.UniqueConstraint("party_id", name=op.f("uq_room_party_id")),
        mysql_charset="utf8mb4",
        mysql_engine="InnoDB",
    )
    op.create_table(
        "access_step",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), autoincrement=True, nullable=False),
        sa.Column("membership_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("step", sa.String(length=24), nullable=False),
        sa.Column("done_by", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("done_at", core.db.UtcDateTime(), nullable=False),
        sa.ForeignKeyConstraint(["done_by"], ["person.id"], name=op.f("fk_access_step_done_by_person")),
        sa.ForeignKeyConstraint(
            ["membership_id"], ["membership.id"], name=op.f("fk_access_step_membership_id_membership")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_access_step")),
        sa.UniqueConstraint("membership_id", "step", name=op.f("uq_access_step_membership_id_step")),
        mysql_charset="utf8mb4",
        mysql_engine="InnoDB",
    )
    op.create_table(
        "bill",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), autoincrement=True, nullable=False),
        sa.Column("cycle_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("membership_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("party_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("person_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("amount_won", sa.BigInteger(), nullable=False),
        sa.Column("share_won", sa.BigInteger(), nullable=False),
        sa.Column("fee_won", sa.BigInteger(), nullable=False),
        sa.Column("credit_won", sa.BigInteger(), nullable=False),
        sa.Column("days", sa.Integer(), nullable=False),
        sa.Column("days_in_cycle", sa.Integer(), nullable=False),
        sa.Column("serves_from", sa.Date(), nullable=False),
        sa.Column("serves_until", sa.Date(), nullable=False),
        sa.Column("due_on", sa.Date(), nullable=False),
        sa.Column("state", sa.String(length=24), nullable=False),
        sa.Column("approving_attempt", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True),
        sa.Column("approving_since", core.db.UtcDateTime(), nullable=True),
        sa.Column("paid_at", core.db.UtcDateTime(), nullable=True),
        sa.Column("paid_attempt", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True),
        sa.Column("refunded_won", sa.BigInteger(), nullable=False),
        sa.Column("released_at", core.db.UtcDateTime(), nullable=True),
        sa.Column("warned_at", core.db.UtcDateTime(), nullable=True),
        sa.Column("final_warned_at", core.db.UtcDateTime(), nullable=True),
        sa.Column("waits_until", core.db.UtcDateTime(), nullable=True),
        sa.Column("created_at", core.db.UtcDateTime(), nullable=False),
        sa.Column("closed_at", core.db.UtcDateTime(), nullable=True),
        sa.CheckConstraint("amount_won > 0", name=op.f("ck_bill_amount_positive")),
        sa.CheckConstraint(
            "refunded_won >= 0 and refunded_won <= amount_won + credit_won", name=op.f("ck_bill_refunded_at_most_paid")
        ),
        sa.ForeignKeyConstraint(["cycle_id"], ["cycle.id"], name=op.f("fk_bill_cycle_id_cycle")),
        sa.ForeignKeyConstraint(["membership_id"], ["membership.id"], name=op.f("fk_bill_membership_id_membership")),
        sa.ForeignKeyConstraint(["party_id"], ["party.id"], name=op.f("fk_bill_party_id_party")),
        sa.ForeignKeyConstraint(["person_id"], ["person.id"], name=op.f("fk_bill_person_id_person")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_bill")),
        sa.UniqueConstraint("cycle_id", "membership_id", name=op.f("uq_bill_cycle_id_membership_id")),
        mysql_charset="utf8mb4",
        mysql_engine="InnoDB",
    )
    with op.batch_alter_table("bill", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_bill_membership_id"), ["membership_id"], unique=False)
        batch_op.create_index(batch_op.f("ix_bill_party_id"), ["party_id"], unique=False)
        batch_op.create_index(batch_op.f("ix_bill_person_id"), ["person_id"], unique=False)
        batch_op.create_index("ix_bill_released_at_serves_until", ["released_at", "serves_until"], unique=False)
        batch_op.create_index("ix_bill_state_due_on", ["state", "due_on"], unique=False)

    op.create_table(
        "claim",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), autoincrement=True, nullable=False),
        sa.Column("party_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("membership_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("under_way", sa.Boolean(), nullable=True),
        sa.Column("state", sa.String(length=24), nullable=False),
        sa.Column("broken_since", sa.Date(), nullable=False),
        sa.Column("broken_until", sa.Date(), nullable=True),
        sa.Column("opened_at", core.db.UtcDateTime(), nullable=False),
        sa.Column("answered_at", core.db.UtcDateTime(), nullable=True),
        sa.Column("closed_at", core.db.UtcDateTime(), nullable=True),
        sa.Column("closed_by", sa.String(length=40), nullable=True),
        sa.ForeignKeyConstraint(["membership_id"], ["membership.id"], name=op.f("fk_claim_membership_id_membership")),
        sa.ForeignKeyConstraint(["party_id"], ["party.id"], name=op.f("fk_claim_party_id_party")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_claim")),
        sa.UniqueConstraint("membership_id", "under_way", name=op.f("uq_claim_membership_id_under_way")),
        mysql_charset="utf8mb4",
        mysql_engine="InnoDB",
    )
    op.create_table(
        "evening",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), autoincrement=True, nullable=False),
        sa.Column("room_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("under_way", sa.Boolean(), nullable=True),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("begun_by", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("begun_at", core.db.UtcDateTime(), nullable=False),
        sa.Column("title_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True),
        sa.Column("ended_by", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True),
        sa.Column("ended_at", core.db.UtcDateTime(), nullable=True),
        sa.ForeignKeyConstraint(["begun_by"], ["person.id"], name=op.f("fk_evening_begun_by_person")),
        sa.ForeignKeyConstraint(["ended_by"], ["person.id"], name=op.f("fk_evening_ended_by_person")),
        sa.ForeignKeyConstraint(["room_id"], ["room.id"], name=op.f("fk_evening_room_id_room")),
        sa.ForeignKeyConstraint(["title_id"], ["title.id"], name=op.f("fk_evening_title_id_title")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_evening")),
        sa.UniqueConstraint("room_id", "under_way", name=op.f("uq_evening_room_id_under_way")),
        mysql_charset="utf8mb4",
        mysql_engine="InnoDB",
    )
    op.create_table(
        "price_consent",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), autoincrement=True, nullable=False),
        sa.Column("change_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("membership_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("old_won", sa.BigInteger(), nullable=False),
        sa.Column("new_won", sa.BigInteger(), nullable=False),
        sa.Column("agreed", sa.Boolean(), nullable=True),
        sa.Column("answered_at", core.db.UtcDateTime(), nullable=True),
        sa.ForeignKeyConstraint(
            ["change_id"], ["price_change.id"], name=op.f("fk_price_consent_change_id_price_change")
        ),
        sa.ForeignKeyConstraint(
            ["membership_id"], ["membership.id"], name=op.f("fk_price_consent_membership_id_membership")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_price_consent")),
        sa.UniqueConstraint("change_id", "membership_id", name=op.f("uq_price_consent_change_id_membership_id")),
        mysql_charset="utf8mb4",
        mysql_engine="InnoDB",
    )
    op.create_table(
        "room_message",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), autoincrement=True, nullable=False),
        sa.Column("room_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("origin_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("author_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("person_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("message_id", sa.BigInteger(), nullable=True),
        sa.Column("at", core.db.UtcDateTime(), nullable=False),
        sa.ForeignKeyConstraint(["author_id"], ["person.id"], name=op.f("fk_room_message_author_id_person")),
        sa.ForeignKeyConstraint(["person_id"], ["person.id"], name=op.f("fk_room_message_person_id_person")),
        sa.ForeignKeyConstraint(["room_id"], ["room.id"], name=op.f("fk_room_message_room_id_room")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_room_message")),
        sa.UniqueConstraint(
            "room_id", "origin_id", "person_id", name=op.f("uq_room_message_room_id_origin_id_person_id")
        ),
        mysql_charset="utf8mb4",
        mysql_engine="InnoDB",
    )
    with op.batch_alter_table("room_message", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_room_message_at"), ["at"], unique=False)
        batch_op.create_index("ix_room_message_person_id_message_id", ["person_id", "message_id"], unique=False)

    op.create_table(
        "room_presence",
        sa.Column("person_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("room_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("entered_at", core.db.UtcDateTime(), nullable=False),
        sa.ForeignKeyConstraint(["person_id"], ["person.id"], name=op.f("fk_room_presence_person_id_person")),
        sa.ForeignKeyConstraint(["room_id"], ["room.id"], name=op.f("fk_room_presence_room_id_room")),
        sa.PrimaryKeyConstraint("person_id", name=op.f("pk_room_presence")),
        mysql_charset="utf8mb4",
        mysql_engine="InnoDB",
    )
    op.create_table(
        "room_seat",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), autoincrement=True, nullable=False),
        sa.Column("room_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("person_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("board_message_id", sa.BigInteger(), nullable=True),
        sa.Column("board_shows", sa.String(length=64), nullable=True),
        sa.Column("joined_at", core.db.UtcDateTime(), nullable=False),
        sa.ForeignKeyConstraint(["person_id"], ["person.id"], name=op.f("fk_room_seat_person_id_person")),
        sa.ForeignKeyConstraint(["room_id"], ["room.id"], name=op.f("fk_room_seat_room_id_room")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_room_seat")),
        sa.UniqueConstraint("room_id", "person_id", name=op.f("uq_room_seat_room_id_person_id")),
        mysql_charset="utf8mb4",
        mysql_engine="InnoDB",
    )
    op.create_table(
        "attempt",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), autoincrement=True, nullable=False),
        sa.Column("bill_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("order_id", core.db.ExternalId(length=64), nullable=False),
        sa.Column("receipt_id", core.db.ExternalId(length=64), nullable=True),
        sa.Column("amount_won", sa.BigInteger(), nullable=False),
        sa.Column("received_won", sa.BigInteger(), nullable=True),
        sa.Column("state", sa.String(length=24), nullable=False),
        sa.Column("asks", sa.Integer(), nullable=False),
        sa.Column("ask_at", core.db.UtcDateTime(), nullable=True),
        sa.Column("receipt_url", sa.String(length=300), nullable=True),
        sa.Column("method", sa.String(length=40), nullable=True),
        sa.Column("provider_word", sa.String(length=80), nullable=True),
        sa.Column("provider_fee_bp", sa.Integer(), nullable=False),
        sa.Column("card_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True),
        sa.Column("reconciled_at", core.db.UtcDateTime(), nullable=True),
        sa.Column("created_at", core.db.UtcDateTime(), nullable=False),
        sa.Column("closed_at", core.db.UtcDateTime(), nullable=True),
        sa.ForeignKeyConstraint(["bill_id"], ["bill.id"], name=op.f("fk_attempt_bill_id_bill")),
        sa.ForeignKeyConstraint(["card_id"], ["card.id"], name=op.f("fk_attempt_card_id_card")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_attempt")),
        sa.UniqueConstraint("order_id", name=op.f("uq_attempt_order_id")),
        sa.UniqueConstraint("receipt_id", name=op.f("uq_attempt_receipt_id")),
        mysql_charset="utf8mb4",
        mysql_engine="InnoDB",
    )
    with op.batch_alter_table("attempt", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_attempt_bill_id"), ["bill_id"], unique=False)
        batch_op.create_index(batch_op.f("ix_attempt_reconciled_at"), ["reconciled_at"], unique=False)
        batch_op.create_index("ix_attempt_state_ask_at", ["state", "ask_at"], unique=False)

    op.create_table(
        "evening_seat",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), autoincrement=True, nullable=False),
        sa.Column("evening_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("person_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("watches", sa.Boolean(), nullable=False),
        sa.Column("got", sa.Integer(), nullable=True),
        sa.Column("told_version", sa.Integer(), nullable=True),
        sa.Column("message_id", sa.BigInteger(), nullable=True),
        sa.CheckConstraint("got between 0 and 1000", name=op.f("ck_evening_seat_got")),
        sa.ForeignKeyConstraint(["evening_id"], ["evening.id"], name=op.f("fk_evening_seat_evening_id_evening")),
        sa.ForeignKeyConstraint(["person_id"], ["person.id"], name=op.f("fk_evening_seat_person_id_person")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_evening_seat")),
        sa.UniqueConstraint("evening_id", "person_id", name=op.f("uq_evening_seat_evening_id_person_id")),
        mysql_charset="utf8mb4",
        mysql_engine="InnoDB",
    )
    op.create_table(
        "ledger_entry",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), autoincrement=True, nullable=False),
        sa.Column("event", core.db.ExternalId(length=48), nullable=False),
        sa.Column("line", sa.Integer(), nullable=False),
        sa.Column("account", sa.String(length=24), nullable=False),
        sa.Column("amount_won", sa.BigInteger(), nullable=False),
        sa.Column("party_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True),
        sa.Column("bill_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True),
        sa.Column("person_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True),
        sa.Column("at", core.db.UtcDateTime(), nullable=False),
        sa.CheckConstraint("amount_won <> 0", name=op.f("ck_ledger_entry_amount_not_zero")),
        sa.ForeignKeyConstraint(["bill_id"], ["bill.id"], name=op.f("fk_ledger_entry_bill_id_bill")),
        sa.ForeignKeyConstraint(["party_id"], ["party.id"], name=op.f("fk_ledger_entry_party_id_party")),
        sa.ForeignKeyConstraint(["person_id"], ["person.id"], name=op.f("fk_ledger_entry_person_id_person")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_ledger_entry")),
        sa.UniqueConstraint("event", "line", name=op.f("uq_ledger_entry_event_line")),
        mysql_charset="utf8mb4",
        mysql_engine="InnoDB",
    )
    with op.batch_alter_table("ledger_entry", schema=None) as batch_op:
        batch_op.create_index("ix_ledger_entry_account_person_id", ["account", "person_id", "amount_won"], unique=False)
        batch_op.create_index("ix_ledger_entry_bill_id_account", ["bill_id", "account", "amount_won"], unique=False)
        batch_op.create_index(batch_op.f("ix_ledger_entry_party_id"), ["party_id"], unique=False)

    op.create_table(
        "money_record",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), autoincrement=True, nullable=False),
        sa.Column("what", sa.String(length=40), nullable=False),
        sa.Column("bill_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True),
        sa.Column("facts", sa.JSON(), nullable=False),
        sa.Column("at", core.db.UtcDateTime(), nullable=False),
        sa.ForeignKeyConstraint(["bill_id"], ["bill.id"], name=op.f("fk_money_record_bill_id_bill")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_money_record")),
        mysql_charset="utf8mb4",
        mysql_engine="InnoDB",
    )
    with op.batch_alter_table("money_record", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_money_record_what"), ["what"], unique=False)

    op.create_table(
        "reminder",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), autoincrement=True, nullable=False),
        sa.Column("cycle_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("membership_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("bill_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("kind", sa.String(length=12), nullable=False),
        sa.Column("due_at", core.db.UtcDateTime(), nullable=False),
        sa.Column("state", sa.String(length=24), nullable=False),
        sa.Column("closed_at", core.db.UtcDateTime(), nullable=True),
        sa.ForeignKeyConstraint(["bill_id"], ["bill.id"], name=op.f("fk_reminder_bill_id_bill")),
        sa.ForeignKeyConstraint(["cycle_id"], ["cycle.id"], name=op.f("fk_reminder_cycle_id_cycle")),
        sa.ForeignKeyConstraint(
            ["membership_id"], ["membership.id"], name=op.f("fk_reminder_membership_id_membership")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_reminder")),
        sa.UniqueConstraint("cycle_id", "membership_id", "kind", name=op.f("uq_reminder_cycle_id_membership_id_kind")),
        mysql_charset="utf8mb4",
        mysql_engine="InnoDB",
    )
    with op.batch_alter_table("reminder", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_reminder_bill_id"), ["bill_id"], unique=False)
        batch_op.create_index("ix_reminder_state_due_at", ["state", "due_at"], unique=False)

    op.create_table(
        "veto",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), autoincrement=True, nullable=False),
        sa.Column("evening_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("person_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("title_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("at", core.db.UtcDateTime(), nullable=False),
        sa.ForeignKeyConstraint(["evening_id"], ["evening.id"], name=op.f("fk_veto_evening_id_evening")),
        sa.ForeignKeyConstraint(["person_id"], ["person.id"], name=op.f("fk_veto_person_id_person")),
        sa.ForeignKeyConstraint(["title_id"], ["title.id"], name=op.f("fk_veto_title_id_title")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_veto")),
        sa.UniqueConstraint("evening_id", "title_id", name=op.f("uq_veto_evening_id_title_id")),
        mysql_charset="utf8mb4",
        mysql_engine="InnoDB",
    )
    op.create_table(
        "refund",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), autoincrement=True, nullable=False),
        sa.Column("bill_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("attempt_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("amount_won", sa.BigInteger(), nullable=False),
        sa.Column("reason", sa.String(length=24), nullable=False),
        sa.Column("way", sa.String(length=24), nullable=False),
        sa.Column("stray", sa.Boolean(), nullable=False),
        sa.Column("refund_key", core.db.ExternalId(length=64), nullable=False),
        sa.Column("state", sa.String(length=24), nullable=False),
        sa.Column("asks", sa.Integer(), nullable=False),
        sa.Column("ask_at", core.db.UtcDateTime(), nullable=True),
        sa.Column("provider_word", sa.String(length=80), nullable=True),
        sa.Column("created_at", core.db.UtcDateTime(), nullable=False),
        sa.Column("done_at", core.db.UtcDateTime(), nullable=True),
        sa.CheckConstraint("amount_won > 0", name=op.f("ck_refund_amount_positive")),
        sa.ForeignKeyConstraint(["attempt_id"], ["attempt.id"], name=op.f("fk_refund_attempt_id_attempt")),
        sa.ForeignKeyConstraint(["bill_id"], ["bill.id"], name=op.f("fk_refund_bill_id_bill")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_refund")),
        sa.UniqueConstraint("refund_key", name=op.f("uq_refund_refund_key")),
        mysql_charset="utf8mb4",
        mysql_engine="InnoDB",
    )
    with op.batch_alter_table("refund", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_refund_attempt_id"), ["attempt_id"], unique=False)
        batch_op.create_index(batch_op.f("ix_refund_bill_id"), ["bill_id"], unique=False)
        batch_op.create_index("ix_refund_state_ask_at", ["state", "ask_at"], unique=False)


def downgrade() -> None:
    op.drop_table("refund")
    op.drop_table("veto")
    op.drop_table("reminder")
    op.drop_table("money_record")
    op.drop_table("ledger_entry")
    op.drop_table("evening_seat")
    op.drop_table("attempt")
    op.drop_table("room_seat")
    op.drop_table("room_presence")
    op.drop_table("room_message")
    op.drop_table("price_consent")
    op.drop_table("evening")
    op.drop_table("claim")
    op.drop_table("bill")
    op.drop_table("access_step")
    op.drop_table("room")
    op.drop_table("price_change")
    op.drop_table("membership")
    op.drop_table("cycle")
    op.drop_table("plan_price")
    op.drop_table("payout")
    op.drop_table("party")
    op.drop_table("snapshot_chunk")
    op.drop_table("set_aside")
    op.drop_table("rating")
    op.drop_table("plan")
    op.drop_table("payout_account")
    op.drop_table("dialog")
    op.drop_table("consent")
    op.drop_table("card")
    op.drop_table("browsing")
    op.drop_table("title")
    op.drop_table("telegram_update")
    op.drop_table("snapshot")
    op.drop_table("service")
    op.drop_table("person")
    op.drop_table("payout_batch")
    op.drop_table("outbox")
    op.drop_table("operator_act")
    op.drop_table("lease")
    op.drop_table("hint")
