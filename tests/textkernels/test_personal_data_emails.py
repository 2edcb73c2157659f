import pytest

from .personal_data_finds import finds


@pytest.mark.parametrize(
    ("text", "address"),
    [
        ("write to jane@mail.com.", "jane@mail.com"),
        ("jane.doe+news@cs.stanford.edu", "jane.doe+news@cs.stanford.edu"),
        ("<bob@x.co.uk>", "bob@x.co.uk"),
        ("mailto:bob@x.co.uk?subject=x", "bob@x.co.uk"),
        ("'o'brien@site.ie'", "o'brien@site.ie"),
        ("jörg@müller.de", "jörg@müller.de"),
        ("邮箱foo@bar.comです", "foo@bar.com"),
        ("_jane@site.org_", "jane@site.org"),
        ("*jane@site.org*", "jane@site.org"),
        ("jane@mail.com.It went", "jane@mail.com"),
        ("jane@site.org--and", "jane@site.org"),
        ("JANE@MAIL.COM", "JANE@MAIL.COM"),
        ("?email=jane%40mail.com&x", "jane%40mail.com"),
        ("https://site.test/?u=jane@mail.com", "jane@mail.com"),
        ("https://site.test/jane@mail.com/", "jane@mail.com"),
        ("%3Cjane@mail.com%3E", "jane@mail.com"),
        (r'"\njane@mail.com"', "jane@mail.com"),
        (r"\u003cjane@mail.com\u003e", "jane@mail.com"),
        ("12345+jane@users.noreply.github.com", "12345+jane@users.noreply.github.com"),
        ("jane@xn--mller-kva.de", "jane@xn--mller-kva.de"),
        ("jane@163.com:hello", "jane@163.com"),
    ],
)
def test_addresses_are_found_without_what_is_around_them(text, address):
    assert finds(text) == [("email", address)]


@pytest.mark.parametrize(
    "text",
    [
        "git@github.com:org/repo.git",
        "ssh://git@gitlab.com/x/y",
        "deploy@build.host.com:/srv/app",
        "root@server.host.com:~#",
        "https://user@host.com/",
        "postgres://app:pw@db.host.com/x",
        "@app.route('/')",
        "@user@mastodon.social",
        "icon@2x.png",
        "logo@3x.ai",
        "react@18.2.0",
        "@babel/core@7.1.0",
        "lodash@latest",
        "x@W.T",
        "q@k.io(x)",
        "printf %s@%s.com",
        "foo@bar",
        "user@localhost",
        "a@b.c",
        "jane@site.notatopleveldomain",
        "jane@mail.com.html",
        "jane.@mail.com",
        "jane@-mail.com",
        f"{'a' * 65}@mail.com",
        f"jane@{'a' * 64}.com",
        "5 @ site.com",
        "jane@.com",
    ],
)
def test_what_only_has_an_at_sign_is_no_address(text):
    assert finds(text) == []
