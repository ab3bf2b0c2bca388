"""Every setting: its type, a sentence, and a safe default or none. ``config.env`` reads them."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any, ClassVar, Literal
from urllib.parse import urlsplit

from pydantic import BaseModel, ConfigDict, Field, ValidationInfo, field_validator

from webapp.core.errors import ConfigurationError
from webapp.core.ports import Ports
from webapp.core.signing import Keyring
from webapp.limits.address import networks_parse
from webapp.limits.rules import rate_check

MIN_SECRET_LENGTH = 32
MIB = 1024 * 1024


class Settings(BaseModel):
    """All settings. The name of a variable is the field's name in capitals after ``SHOEBOX_``."""

    model_config = ConfigDict(frozen=True, extra="forbid")
    _mask_wrapped: ClassVar[bool] = True
    """Django asks this of every setting each time; a model that lacks it searches long."""

    profile: Literal["embedded", "cluster"] = Field(
        "cluster", description="`embedded` fills gaps with defaults under the data folder."
    )
    data: Path = Field(Path("data"), description="Folder for everything this machine keeps.")
    secret_key: str = Field(
        min_length=MIN_SECRET_LENGTH,
        description="Secret of sessions and CSRF tokens; at least 32 characters.",
    )
    signing_keys: str = Field(
        description="`id:hex[,id:hex…]`, newest first: signs topology, journal and links."
    )
    database_url: str = Field(
        description="The index: `sqlite:///path` or `postgresql://user:password@host:port/name`, "
        "path and password percent-encoded; behind `?` what libpq takes, as `sslmode=verify-full`."
    )
    broker_url: str = Field(description="The queue: `amqp://…` or `redis://…`.")
    broker_api: str = Field(
        "",
        description="RabbitMQ's management API, `http://user:password@host:port/api/`; tells how "
        "many messages are being worked on. Empty: not known.",
    )
    metrics_listen: str = Field(
        "",
        description="`host:port` a worker answers `GET /metrics` on, each its own; empty for none.",
    )
    topology_file: Path = Field(description="Local copy of the last good topology.")
    journal_file: Path = Field(description="Local copy of the last good deletion journal.")
    spool: Path = Field(description="Folder uploads are received into before they are stored.")
    write_url: str = Field(description="Public base of the write service, without a slash.")
    read_url: str = Field(description="Public base of the read service, without a slash.")
    flower_url: str = Field("", description="Public address of Flower; linked for staff when set.")
    allowed_hosts: tuple[str, ...] = Field(
        description="Host names the write service answers to, separated by commas."
    )
    seed_shards: tuple[str, ...] = Field(
        (),
        description="`name=url` of shards a read service asks for its first topology when it "
        "has no file.",
    )
    sign_up: Literal["off", "open"] = Field(
        "off",
        description="`off`: only who was invited makes an account. `open`: anybody who finds the "
        "page does.",
    )
    invitation_days: int = Field(7, gt=0, description="Days an invitation can be accepted.")
    audit_days: int = Field(
        400, gt=0, description="Days the audit log is kept: who changed or deleted what."
    )
    zone: str = Field(
        "", description="Zone this process runs in; preferred for reading and for the first write."
    )
    log_level: Literal["debug", "info", "warning", "error"] = Field(
        "info", description="Lowest level that is logged."
    )

    drain_seconds: float = Field(
        5.0,
        ge=0,
        le=300,
        description="A service that is told to end goes on answering so long, while `/readyz` says "
        "503 and connections are closed after their request. Longer than a load balancer takes to "
        "notice.",
    )
    finish_seconds: float = Field(
        30.0,
        gt=0,
        le=3600,
        description="What is under way after that may take so much longer before it is cut off.",
    )
    topology_poll: float = Field(
        2.0, gt=0, le=60, description="Seconds between looks for a newer topology or journal."
    )
    topology_unconfirmed: float = Field(
        60.0,
        gt=0,
        le=600,
        description="A read service says 503 in place of 404 while no shard confirmed its topology "
        "for so many seconds; less than HANDOFF_GRACE_SECONDS.",
    )
    shard_connect_seconds: float = Field(2.0, gt=0, description="Time-out of a connection.")
    shard_read_seconds: float = Field(10.0, gt=0, description="Time-out of an answer.")

    max_upload_bytes: int = Field(64 * MIB, gt=0, description="Most bytes of one upload.")
    max_uploads_in_flight: int = Field(
        1800, gt=0, description="Uploads a write process holds; more get 503 `busy`."
    )
    max_uploads_in_flight_per_user: int = Field(
        0,
        ge=0,
        description="Uploads of one user a write process holds; 0: nine tenths of all, so that "
        "nobody takes every place.",
    )
    max_event_listeners: int = Field(
        2000, gt=0, description="Event streams a write process holds; more get 503 `busy`."
    )
    spool_floor_bytes: int = Field(
        256 * MIB, ge=0, description="Free bytes that must stay where the spool is."
    )
    upload_idle_seconds: float = Field(
        30.0, gt=0, description="A client that sends nothing for so long is dropped."
    )
    store_wait_seconds: float = Field(
        10.0,
        gt=0,
        description="An upload that would wait longer to be stored, once it arrived, gets 503 "
        "`busy` before.",
    )
    backlog_limit: int = Field(
        100_000, gt=0, description="Unpublished messages at which uploads get 503 `busy`."
    )
    max_frames: int = Field(1000, gt=0, description="Most frames of an animated picture.")
    metadata_policy: Literal["strip-location", "strip-all", "keep"] = Field(
        "strip-location", description="What is removed from JPEG, PNG, WebP and GIF at upload."
    )

    upload_rate_per_token: str = Field(
        "20000/minute",
        description="Uploads of one token or session, like `100/minute`; more get 429 "
        "`rate-limited`; empty: any number. Of the pieces of resumable uploads, 50 count as one.",
    )
    upload_rate_per_address: str = Field(
        "20000/minute", description="The same, of one client address (IPv6: of one /64)."
    )
    api_rate_per_token: str = Field(
        "6000/minute",
        description="Other writes (API, pages, admin) of one token or session; more get 429.",
    )
    api_rate_per_address: str = Field("6000/minute", description="The same, of one address.")
    sign_in_rate_per_address: str = Field(
        "100/minute",
        description="Sign-ins tried from one address, whoever as; ten wrong passwords of one user "
        "lock them out sooner.",
    )
    rate_limit_url: str = Field(
        "",
        description="`redis://…` or `valkey://…` where write processes count together; empty, or "
        "while it is away: each for itself.",
    )
    trusted_proxies: tuple[str, ...] = Field(
        (),
        description="Networks of proxies whose `X-Forwarded-For` is believed, separated by "
        "commas. Clients must not be in them.",
    )

    max_attempts: int = Field(
        3, gt=0, description="Attempts before an image, or an import, is `failed`."
    )
    render_memory_bytes: int = Field(1280 * MIB, gt=0, description="Memory a decoder may use.")
    render_cpu_seconds: float = Field(20.0, gt=0, description="Processor time a decoder may use.")
    render_wall_seconds: float = Field(40.0, gt=0, description="Time a decoder may take.")
    render_threads: int = Field(
        2, gt=0, le=16, description="Renditions of one picture that are encoded at a time."
    )
    render_url: str = Field(
        "",
        description="Where read services reach the process that makes sizes on demand, like "
        "`http://127.0.0.1:8003`; empty: none are made, and those that were are served.",
    )
    render_at_a_time: int = Field(
        1, gt=0, description="Sizes on demand one such process makes at a time."
    )
    render_queue: int = Field(
        32, ge=0, description="Sizes on demand that wait in it; more get 503 `busy`."
    )
    render_wait_seconds: float = Field(
        25.0, gt=0, description="A read service waits so long for a size on demand, then 503."
    )
    sweep_seconds: float = Field(
        5.0, gt=0, description="Seconds between looks for images that are not what they should be."
    )

    watch_seconds: float = Field(
        10.0,
        gt=0,
        description="Seconds between looks for shards that are back, full or dead, and for bad "
        "copies that read services noted.",
    )
    activation_seconds: float = Field(
        30.0,
        ge=2,
        le=3600,
        description="New images are named under a new topology version so long after it was "
        "published, when every reader knows it; several times TOPOLOGY_POLL.",
    )
    handoff_grace_seconds: float = Field(
        600.0,
        ge=0,
        description="A copy that stood in for a home stays so long after the last copy was begun.",
    )

    high_water: float = Field(
        0.90,
        gt=0,
        le=1,
        description="Part of its disk at which a directory shard takes no new images; "
        "`shard add --option high_water=…` for one shard.",
    )
    low_water: float = Field(
        0.85,
        gt=0,
        le=1,
        validate_default=True,  # HIGH_WATER may have been lowered alone
        description="Part of its disk below which it takes them again by itself.",
    )
    repair_bytes_per_second: int = Field(
        32 * MIB,
        ge=0,
        description="Bytes one repair reads and writes per second, unless it is told otherwise; "
        "0 for no limit.",
    )
    repair_blobs_per_second: int = Field(
        50,
        ge=0,
        description="Copies one repair reads or writes per second, unless it is told otherwise: "
        "small ones cost a store requests, not bytes; 0 for no limit.",
    )

    scrub_bytes_per_second: int = Field(
        16 * MIB,
        ge=0,
        description="Bytes a scrub reads per second, unless it is told otherwise; 0 for no limit.",
    )
    scrub_cycle_days: float = Field(
        30.0, gt=0, description="Days in which the perpetual scrub reads everything once."
    )
    quarantine_days: float = Field(
        90.0,
        gt=0,
        description="Days a bad copy is kept in quarantine on its shard; one of an erased picture "
        "goes with the next reap.",
    )
    reap_seconds: float = Field(
        600.0, gt=0, description="Seconds between looks for deleted images past their date."
    )

    reader_cache_bytes: int = Field(
        256 * MIB, ge=0, description="Memory a read process keeps blobs in."
    )
    reader_cache_blob_bytes: int = Field(
        8 * MIB, ge=0, le=8 * MIB, description="Larger blobs are not kept in memory."
    )
    reader_sending_bytes: int = Field(
        128 * MIB,
        ge=0,
        description="Memory of a read process in pictures over 1 MiB that clients are taking. "
        "While it is used up, others are passed from their shard to each client as it takes them.",
    )
    shared_cache_url: str = Field(
        "",
        description="`redis://…` or `valkey://…` in which read processes keep blobs together; pays "
        "in front of remote S3 alone. Empty for none; its loss slows reads and fails none.",
    )
    shared_cache_seconds: float = Field(
        0.02, gt=0, description="What the shared cache does not answer within counts as absent."
    )
    shared_cache_blob_bytes: int = Field(
        MIB,
        ge=0,
        le=8 * MIB,
        description="Larger blobs are not kept in the shared cache: they hold up everybody else on "
        "the same connection.",
    )
    shared_cache_ttl: int = Field(
        86_400,
        gt=0,
        description="Seconds the shared cache keeps a blob that nobody asks for. Erased images "
        "stay in the deletion journal for so long: writers and workers have to know it, too.",
    )
    reader_deadline_seconds: float = Field(
        10.0, gt=0, description="A read that takes longer is answered with 503."
    )
    link_seconds: int = Field(
        86_400, gt=0, description="A signed link is valid for so long at least, at most for twice."
    )

    import_ports: tuple[str, ...] = Field(
        ("80", "443"),
        description="Ports, or ranges like `8000-8099`, a link that is imported may name, "
        "separated by commas.",
    )
    import_private_addresses: bool = Field(
        default=False,
        description="Whether imports may come from loopback, private and link-local addresses. "
        "Then whoever may upload makes this service reach what only its network can.",
    )
    import_seconds: float = Field(
        60.0, gt=0, le=240, description="Most seconds one attempt to fetch a picture takes."
    )
    imports_at_a_time: int = Field(
        1,
        gt=0,
        description="Imports fetched at a time, by all workers together; each takes a process of "
        "`replication,maintenance` from repairs while it waits for somebody's server.",
    )

    webhook_private_addresses: bool = Field(
        default=False,
        description="Whether webhooks may go to loopback, private and link-local addresses. Then "
        "whoever adds one makes this service reach what only its network can.",
    )
    webhook_attempts: int = Field(
        16, gt=0, description="Attempts before a webhook's delivery is `dead`: 18 hours."
    )
    webhook_backoff_seconds: float = Field(
        5.0,
        gt=0,
        description="Wait after a delivery's first failed attempt; doubles up to 4 hours.",
    )

    replica_count: int = Field(3, ge=1, le=16, description="Copies of an original, new pools.")
    rendition_replica_count: int = Field(
        2, ge=1, le=16, description="Copies of a rendition, new pools."
    )
    admin_username: str = Field("admin", description="Name of the user `bootstrap` makes.")
    admin_password: str = Field("", description="Password of the user `bootstrap` makes.")
    admin_token: str = Field(
        "",
        description="Token of the user `bootstrap` makes, with every scope; at least 32 "
        "characters. Empty: none.",
    )
    bootstrap_shards: tuple[str, ...] = Field(
        (),
        description="`name=url@zone,…`: shards `bootstrap` adds when their names are new, and "
        "follows when they carry their identity at another URL.",
    )
    shard_credentials: Mapping[str, tuple[str, str]] = Field(
        default_factory=dict,
        description="From `SHOEBOX_SHARD_<NAME>_ACCESS_KEY` and `…_SECRET_KEY`, by shard name.",
    )

    @field_validator(
        "allowed_hosts",
        "seed_shards",
        "bootstrap_shards",
        "trusted_proxies",
        "import_ports",
        mode="before",
    )
    @classmethod
    def _split(cls, value: Any) -> Any:
        return tuple(p.strip() for p in value.split(",") if p.strip()) if _is_text(value) else value

    @field_validator("trusted_proxies")
    @classmethod
    def _networks(cls, value: tuple[str, ...]) -> tuple[str, ...]:
        networks_parse(value)
        return value

    @field_validator(
        "upload_rate_per_token",
        "upload_rate_per_address",
        "api_rate_per_token",
        "api_rate_per_address",
        "sign_in_rate_per_address",
    )
    @classmethod
    def _rate(cls, value: str) -> str:
        return rate_check(value)

    @field_validator("low_water")
    @classmethod
    def _below(cls, value: float, others: ValidationInfo) -> float:
        high = others.data.get("high_water", 1.0)
        if value > high:
            message = f"{value:g} is above SHOEBOX_HIGH_WATER, {high:g}"
            raise ValueError(message)
        return value

    @field_validator("signing_keys")
    @classmethod
    def _keys(cls, value: str) -> str:
        try:
            Keyring.parse(value)
        except ConfigurationError as error:
            raise ValueError(error.detail) from None
        return value

    @field_validator("admin_token")
    @classmethod
    def _token(cls, value: str) -> str:
        if value and len(value) < MIN_SECRET_LENGTH:
            message = (
                f"at least {MIN_SECRET_LENGTH} characters; make one with `openssl rand -hex 32`"
            )
            raise ValueError(message)
        return value

    @field_validator("database_url", "broker_api", "rate_limit_url", "shared_cache_url")
    @classmethod
    def _address(cls, value: str) -> str:
        _url_check(value)
        return value

    @field_validator("broker_url")
    @classmethod
    def _addresses(cls, value: str) -> str:
        for url in value.split(";"):  # where it may fail over to others
            _url_check(url)
        return value

    @field_validator("rate_limit_url", "shared_cache_url")
    @classmethod
    def _counting(cls, value: str) -> str:
        schemes = ("redis://", "rediss://", "valkey://", "valkeys://")
        if value and not value.startswith(schemes):
            # The scheme alone: the rest may hold a password.
            scheme, separator, _ = value.partition("://")
            found = f"{scheme}://…" if separator else "its value"
            message = f"{found} does not start with one of {', '.join(schemes)}"
            raise ValueError(message)
        return value

    @field_validator("import_ports")
    @classmethod
    def _ports(cls, value: tuple[str, ...]) -> tuple[str, ...]:
        Ports(value)
        return value

    @field_validator("write_url", "read_url", "flower_url", "render_url")
    @classmethod
    def _bare(cls, value: str) -> str:
        if value and not value.startswith(("http://", "https://")):
            message = f"{value!r} does not start with http:// or https://"
            raise ValueError(message)
        return value.rstrip("/")

    @property
    def keyring(self) -> Keyring:
        """The keys documents and links are signed with."""
        return Keyring.parse(self.signing_keys)

    @property
    def uploads_per_user(self) -> int:
        """Uploads of one user a write service holds."""
        return self.max_uploads_in_flight_per_user or max(1, self.max_uploads_in_flight * 9 // 10)

    @property
    def embedded(self) -> bool:
        """Whether this is the profile with defaults for one machine."""
        return self.profile == "embedded"


def _url_check(url: str) -> None:
    """Refuse an address whose password ends it too early, and never repeat it."""
    scheme, _, _ = url.partition("://")
    if scheme == "sqlite":
        return
    try:
        parts = urlsplit(url)
        if scheme != "postgresql":  # which may have several hosts; the settings ask libpq
            _ = parts.port  # only now it is looked at
    except ValueError:
        parts = None
    # What follows `/`, `?` or `#` in a password is no longer taken for part of it.
    if parts is None or ("@" not in parts.netloc and "@" in url):
        message = (
            "not an address; percent-encode the password: `/` is %2F, `#` is %23, `?` is %3F, "
            "`;` is %3B, `[` is %5B, `]` is %5D"
        )
        raise ValueError(message)


def _is_text(value: Any) -> bool:
    return isinstance(value, str)
