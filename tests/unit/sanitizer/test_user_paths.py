"""A path is shown as it is, and what cannot be one is not: it may be a secret, or a file's whole content."""

from pathlib import Path

import pytest

from docker_credential_ecrx.sanitizer import user_paths

PATHS = [
    *("/home/me/.aws/config", "/home/me/my files/config", "/srv/é/config", "~/.aws/config", "~me/config", "~"),
    *("./config", "../config", ".aws/config", "..", "/", "$HOME/.aws/config", "${HOME}/.aws/config", "C:\\Users\\me"),
    *("/var/run/secrets/eks.amazonaws.com/serviceaccount/token", "/home/me/{x}", "/home/me/eyJ"),
    f"/{'x' * 255}",
]
OTHERS = [
    *("", "correct-horse-staple", "correct/horse", "[default]\naws_access_key_id = x", '{"auths": {}}', "[1]"),
    *("-----BEGIN PRIVATE KEY-----\nx", "eyJhbGciOiJub25lIn0.eyJzdWIiOiJ4In0.x", "PASSWORD=correct", "/a\nb", "/a\rb"),
    *("/a/b=correct", "https://me:correct@host/", "$correct", "$2b$10$abc/def", f"/{'x' * 256}", "/x" * 2049),
    "/JalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY",
]


class TestShown:
    @pytest.mark.parametrize("path", PATHS)
    def test_path_is_shown_as_it_is(self, path: str) -> None:
        assert path == user_paths.shown(path)

    @pytest.mark.parametrize("text", OTHERS)
    def test_other_text_is_described(self, text: str) -> None:
        assert f"(a text of {len(text)} characters where a path belongs)" == user_paths.shown(text)

    def test_file_that_exists_is_shown(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        (tmp_path / "token.txt").touch()
        monkeypatch.chdir(tmp_path)

        assert "token.txt" == user_paths.shown("token.txt")

    def test_is_one_printable_line(self) -> None:
        assert "/home/a b" == user_paths.shown("/home/a\x1b\u202e b")


class TestRelativePath:
    @pytest.mark.parametrize("path", [*PATHS, "docker", "conf/config.toml"])
    def test_may_be_created(self, path: str) -> None:
        assert user_paths.may_be_path(path)

    @pytest.mark.parametrize(
        "text", sorted({*OTHERS} - {"", "correct-horse-staple", "correct/horse", "$correct", "$2b$10$abc/def"})
    )
    def test_is_not_what_has_another_form(self, text: str) -> None:
        assert not user_paths.may_be_path(text)


class TestProgram:
    @pytest.mark.parametrize("name", ["aws-vault", "saml2aws", "/usr/local/bin/tool", "bin/tool", "~/bin/tool"])
    def test_name_or_path_is_shown_as_it_is(self, name: str) -> None:
        assert name == user_paths.program(name)

    @pytest.mark.parametrize(
        "word",
        [
            "VAULT_PASSWORD=correct",
            "/a=b",
            "eyJhbGciOiJub25lIn0.x",
            "x" * 256,
            "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY",
        ],
    )
    def test_other_word_is_described(self, word: str) -> None:
        assert f"(a text of {len(word)} characters where a program belongs)" == user_paths.program(word)
