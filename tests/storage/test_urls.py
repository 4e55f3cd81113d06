from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
import redis
from support.servers import RedisServer

from streamlit_redis_session.errors import ConfigurationError, StorageError
from streamlit_redis_session.storage import open_backend, resolve_url
from streamlit_redis_session.storage._client import make_client
from streamlit_redis_session.storage._url import Address, parse_url

SECRET = "s3cr3t"


@pytest.mark.parametrize(
    ("url", "expected"),
    [
        ("redis://host", Address("redis", "host")),
        ("redis://host/", Address("redis", "host")),
        ("redis://host:7000/3", Address("redis", "host", 7000, db=3)),
        ("redis://host?db=3", Address("redis", "host", db=3)),
        ("REDIS://Host", Address("redis", "host")),
        (" redis://host \n", Address("redis", "host")),
        ("redis://[::1]:7000", Address("redis", "::1", 7000)),
        ("redis://my_service.internal", Address("redis", "my_service.internal")),
        ("redis://:pw@host", Address("redis", "host", password="pw")),
        ("rediss://u:p%40%2F%3F@host", Address("rediss", "host", username="u", password="p@/?")),
        (
            "redis://host?username=u&password=p",
            Address("redis", "host", username="u", password="p"),
        ),
        (
            "rediss://host?ssl_cert_reqs=CERT_NONE&ssl_check_hostname=false",
            Address(
                "rediss",
                "host",
                options={"ssl_cert_reqs": "none", "ssl_check_hostname": False},
            ),
        ),
        (
            "redis://host?socket_timeout=0.5&max_connections=4",
            Address("redis", "host", options={"socket_timeout": 0.5, "max_connections": 4}),
        ),
        ("unix:///run/redis.sock", Address("unix", path="/run/redis.sock")),
        ("unix://:pw@/run/r.sock?db=2", Address("unix", path="/run/r.sock", db=2, password="pw")),
        (
            "redis+cluster://u:p%2C@a:7000,b,[::1]:7001/0?wait_replicas=2",
            Address(
                "redis+cluster",
                hosts=(("a", 7000), ("b", 6379), ("::1", 7001)),
                username="u",
                password="p,",
                wait_replicas=2,
            ),
        ),
        ("redis+cluster://a,a:6379", Address("redis+cluster", hosts=(("a", 6379),))),
        (
            "redis+cluster://u:1,2@a",
            Address("redis+cluster", hosts=(("a", 6379),), username="u", password="1,2"),
        ),
        (
            "rediss+sentinel://:pw@a,b:7/my-service?db=2&sentinel_username=s&sentinel_password=t",
            Address(
                "rediss+sentinel",
                hosts=(("a", 26379), ("b", 7)),
                service="my-service",
                db=2,
                password="pw",
                sentinel_username="s",
                sentinel_password="t",
            ),
        ),
        ("embedded://", Address("embedded")),
        ("embedded:///some/dir%20x", Address("embedded", path="/some/dir x")),
        ("embedded://?grace_s=2", Address("embedded", options={"grace_s": 2.0})),
        ("memory://", Address("memory")),
        ("memory://name", Address("memory", "name")),
    ],
)
def test_a_url_is_understood(url: str, expected: Address) -> None:
    assert parse_url(url) == expected


@pytest.mark.parametrize(
    ("url", "words"),
    [
        ("", "no scheme"),
        ("localhost:6379", "no scheme"),
        ("rediz://host", r"rediz://\. Did you mean redis://\?"),
        ("postgres://host", "Unknown scheme postgres://.*Known: redis://"),
        ("https://name.upstash.io", "rediss:// URL"),
        ("redis+clster://a:1,b:2", r"Did you mean redis\+cluster://\?"),
        ("redis+cluster://", r"names no host.*redis\+cluster://host:6379,other:6379"),
        ("redis+cluster://a:1,,b:2", "names no host"),
        ("redis+cluster://a:1,b:x", "number from 1 to 65535"),
        ("redis+cluster://a:1,b c:2", "malformed host"),
        ("redis+cluster://[::1]:1,[::2", "malformed host"),
        ("redis+cluster://a/1", "a cluster has only /0"),
        ("redis+cluster://a?db=1", "'db' in the redis"),
        ("redis+cluster://u:p@a,u:p@b", "Write the login once"),
        ("redis+cluster://a#1", "contains a '#'"),
        ("redis+cluster://a?few_commands=1", "'few_commands'"),
        ("redis+sentinel://a:1,b:2", "name of the service.*:26379/mymaster"),
        ("redis+sentinel://a/b/c", "name of the service"),
        ("redis+sentinel://a/my master", "name of the service"),
        ("redis+sentinel://a/s?sentinel_pasword=x", "Did you mean 'sentinel_password'"),
        ("redis+cluster://a?wait_replicas=0", "whole number from 1 on"),
        ("redis://", "names no host"),
        ("redis://:6379", "names no host"),
        ("redis://host:abc", "number from 1 to 65535"),
        ("redis://host:0", "number from 1 to 65535"),
        ("redis://host:99999", "number from 1 to 65535"),
        ("redis://ho st", "malformed host"),
        ("redis://[::1", "malformed host"),
        (f"redis://{'a' * 64}.de", "malformed host"),
        ("redis://host/one", "database number"),
        ("redis://host/-1", "database number"),
        ("redis://host?db=x", "'db'.*database number"),
        ("redis://host/1?db=2", "two databases"),
        ("redis://host?db=1&db=1", "db twice"),
        ("redis://host?socket_timout=1", "'socket_timout'.*Did you mean 'socket_timeout'"),
        ("redis://host?decode_responses=1", "'decode_responses'.*Known:.*max_connections"),
        ("redis://host?ssl_cert_reqs=none", "'ssl_cert_reqs' in the redis://"),
        ("redis://host?socket_timeout=0", "positive number of seconds"),
        ("redis://host?socket_timeout=inf", "positive number of seconds"),
        ("redis://host?max_connections=1.5", "whole number"),
        ("redis://host?socket_keepalive=perhaps", "true or false"),
        ("rediss://host?ssl_cert_reqs=sometimes", "required, optional or none"),
        ("redis://host?password=", "some text"),
        ("redis://host#1", "contains a '#'"),
        ("unix://", "absolute path of a socket"),
        ("unix://run/redis.sock", "absolute path of a socket"),
        ("embedded://some/dir", "three slashes"),
        ("embedded:///d?gracees=1", "'gracees'"),
        ("memory://?x=1", "'x' in the memory:// URL. It takes none"),
        ("memory:///path", "memory://name"),
    ],
)
def test_what_is_wrong_with_a_url_is_said(url: str, words: str) -> None:
    with pytest.raises(ConfigurationError, match=words):
        open_backend(url, namespace="srs")


@pytest.mark.parametrize(
    "url",
    [
        f"rediz://user:{SECRET}@host",
        f"redis://user:{SECRET}@host:abc",
        f"redis://user:a/{SECRET}@host",
        f"redis://user:a?{SECRET}@host",
        f"redis://user:a#{SECRET}@host",
        f"redis://user:a@{SECRET}@ho st",
        f"redis://user:[{SECRET}@host",
        f"redis://user:{SECRET}\u2100@host",
        f"redis://:{SECRET}/x@host",
        f"redis://user:6379/{SECRET}@host",
        f"redis://user:{SECRET}@host/one",
        f"redis://user:{SECRET}@host?x=1",
        f"redis://host?pasword={SECRET}",
        f"redis://host?db={SECRET}",
        f"unix://user:{SECRET}@",
        f"embedded://user:{SECRET}@/dir",
        f"memory://user:{SECRET}@",
        f"redis+cluster://user:{SECRET}@host:x",
        f"redis+cluster://user:{SECRET}@a,user:{SECRET}@b",
        f"redis+cluster://user:a@{SECRET}@b",
        f"redis+cluster://user:{SECRET},x/y@b",
        f"redis+sentinel://user:{SECRET}@a",
        f"redis+sentinel://user:1/{SECRET}@a/s",
        f"redis+sentinel://a/s?sentinel_pasword={SECRET}",
        f"rediss+sentinel://user:{SECRET}@a,b c/s",
        f"{SECRET}@host",
    ],
)
def test_no_message_shows_a_password(url: str) -> None:
    with pytest.raises(ConfigurationError) as refused:
        parse_url(url)

    error: BaseException | None = refused.value
    while error is not None:
        assert SECRET not in str(error)
        error = error.__cause__


def test_neither_where_nor_repr_shows_credentials() -> None:
    url = f"rediss://{SECRET}user:{SECRET}@host:7000/2?socket_timeout=1"

    with open_backend(url, namespace="srs") as backend:
        assert backend.where == "rediss://host:7000/2"
    assert SECRET not in repr(parse_url(url))


@pytest.mark.parametrize("scheme", ["redis+cluster", "rediss+cluster", "redis+sentinel"])
def test_nor_do_they_for_several_hosts(scheme: str) -> None:
    sentinel = f"sentinel_username={SECRET}&sentinel_password={SECRET}"
    path, query = ("/name", f"?{sentinel}") if "sentinel" in scheme else ("", "")
    url = f"{scheme}://{SECRET}user:{SECRET}@a:1,b:2{path}{query}"

    with open_backend(url, namespace="srs") as backend:
        assert backend.where == f"{scheme}://a:1,b:2{path}"
    assert SECRET not in repr(parse_url(url))


@pytest.mark.parametrize(
    ("url", "where"),
    [
        ("redis://host", "redis://host:6379/0"),
        ("redis://[::1]", "redis://[::1]:6379/0"),
        ("unix://:pw@/run/s?db=1", "unix:///run/s?db=1"),
        ("redis+cluster://a,[::1]:7", "redis+cluster://a:6379,[::1]:7"),
        ("redis+sentinel://a,b/s?db=3", "redis+sentinel://a:26379,b:26379/s?db=3"),
        ("memory://name", "memory://name"),
        ("embedded:///dir", "embedded:///dir"),
    ],
)
def test_where_is_an_address_to_be_shown(url: str, where: str) -> None:
    assert parse_url(url).where == where


@pytest.mark.parametrize("namespace", ["", "a b", "a:b", "{a}", "ü", "x" * 65, "a*"])
def test_a_strange_namespace_is_refused(namespace: str) -> None:
    with pytest.raises(ConfigurationError, match="1 to 64 letters"):
        open_backend("memory://", namespace=namespace)


def test_tls_checks_certificate_and_name_unless_told_otherwise() -> None:
    strict = make_client(parse_url("rediss://host"))
    lax = make_client(parse_url("rediss://host?ssl_cert_reqs=none"))

    made = strict.connection_pool.make_connection()
    unchecked = lax.connection_pool.make_connection()

    assert isinstance(made, redis.SSLConnection)
    assert made.check_hostname
    assert made.cert_reqs.name == "CERT_REQUIRED"
    assert unchecked.cert_reqs.name == "CERT_NONE"
    assert not unchecked.check_hostname


class TestLogin:
    @pytest.fixture(scope="class")
    @classmethod
    def server(cls) -> Iterator[RedisServer]:
        # the reader of readiness logs in as nobody, so the password comes afterwards
        with RedisServer() as server:
            with server.client() as client:
                client.acl_setuser(
                    "ann", enabled=True, passwords=["+p@/w"], keys=["*"], categories=["+@all"]
                )
                client.acl_setuser(
                    "bob", enabled=True, passwords=["+pw"], keys=["*"], commands=["+ping"]
                )
                client.config_set("requirepass", "other")
            yield server

    def test_user_and_password_of_the_url_are_used(self, server: RedisServer) -> None:
        url = f"redis://ann:p%40%2Fw@127.0.0.1:{server.port}"
        with open_backend(url, namespace="srs") as backend:
            assert backend.list_sessions() == []

    @pytest.mark.parametrize("login", ["", "ann:wrong@", ":wrong@", "nobody:p%40%2Fw@"])
    def test_a_refused_login_names_the_address(self, server: RedisServer, login: str) -> None:
        url = f"redis://{login}127.0.0.1:{server.port}"
        with (
            open_backend(url, namespace="srs") as backend,
            pytest.raises(StorageError, match=f"redis://127.0.0.1:{server.port}/0 refused the"),
        ):
            backend.list_sessions()

    def test_a_forbidden_command_is_said(self, server: RedisServer) -> None:
        url = f"redis://bob:pw@127.0.0.1:{server.port}"
        with (
            open_backend(url, namespace="srs") as backend,
            pytest.raises(StorageError, match="does not allow this user"),
        ):
            backend.list_sessions()

    def test_a_database_that_does_not_exist_is_said(self, server: RedisServer) -> None:
        url = f"redis://ann:p%40%2Fw@127.0.0.1:{server.port}/99"
        with (
            open_backend(url, namespace="srs") as backend,
            pytest.raises(StorageError, match="DB index"),
        ):
            backend.list_sessions()


EVERYTHING = {
    "STREAMLIT_REDIS_SESSION_URL": "redis://ours",
    "REDIS_URL": "redis://platform",
    "UPSTASH_REDIS_REST_URL": "https://name-1.upstash.io",
    "UPSTASH_REDIS_REST_TOKEN": "to/ken=",
}


class TestResolve:
    def without(self, *names: str) -> dict[str, str]:
        return {name: url for name, url in EVERYTHING.items() if name not in names}

    def test_what_is_given_wins(self) -> None:
        assert resolve_url("memory://", EVERYTHING, lambda: "redis://secret") == "memory://"

    def test_our_variable_comes_before_the_secret(self) -> None:
        assert resolve_url(None, EVERYTHING, lambda: "redis://secret") == "redis://ours"

    def test_the_secret_comes_before_the_platforms_variable(self) -> None:
        environ = self.without("STREAMLIT_REDIS_SESSION_URL")

        assert resolve_url(None, environ, lambda: "redis://secret") == "redis://secret"
        assert resolve_url(None, environ, lambda: None) == "redis://platform"
        assert resolve_url(None, environ) == "redis://platform"

    def test_upstash_is_reached_over_tls_on_the_same_host(self) -> None:
        environ = self.without("STREAMLIT_REDIS_SESSION_URL", "REDIS_URL")

        url = resolve_url(None, environ)

        assert url == "rediss://default:to%2Fken%3D@name-1.upstash.io:6379"
        assert parse_url(url).password == "to/ken="

    @pytest.mark.parametrize("missing", ["UPSTASH_REDIS_REST_URL", "UPSTASH_REDIS_REST_TOKEN"])
    def test_half_of_upstash_is_an_error_that_names_the_other_half(self, missing: str) -> None:
        environ = self.without("STREAMLIT_REDIS_SESSION_URL", "REDIS_URL", missing)

        with pytest.raises(ConfigurationError, match=f"{missing} is not"):
            resolve_url(None, environ)

    def test_an_upstash_url_without_host_is_refused(self) -> None:
        environ = {"UPSTASH_REDIS_REST_URL": "https://", "UPSTASH_REDIS_REST_TOKEN": "t"}

        with pytest.raises(ConfigurationError, match="names no host"):
            resolve_url(None, environ)

    @pytest.mark.parametrize("environ", [{}, {"REDIS_URL": " ", "UPSTASH_REDIS_REST_URL": ""}])
    def test_with_nothing_set_the_embedded_server_is_used(self, environ: dict[str, str]) -> None:
        assert resolve_url(None, environ, lambda: "") == "embedded://"

    def test_the_secret_is_not_asked_for_when_it_is_not_needed(self) -> None:
        def explode() -> str | None:
            raise AssertionError

        assert resolve_url("memory://", {}, explode) == "memory://"
        assert resolve_url(None, {"STREAMLIT_REDIS_SESSION_URL": "redis://a"}, explode)


def test_one_file_reads_the_environment() -> None:
    room = Path(open_backend.__code__.co_filename).parent

    readers = {path.name for path in room.glob("*.py") if "environ" + "[" in path.read_text()}
    readers |= {path.name for path in room.glob("*.py") if "os.environ" in path.read_text()}

    assert readers == {"_environment.py"}
