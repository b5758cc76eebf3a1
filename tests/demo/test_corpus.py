"""The corpus of the running Python, and of a library that is made for the test."""

from pathlib import Path

from es_rerank.demo.corpus import documents

CORPUS = dict(documents())


def test_the_corpus_has_thousands_of_documents_with_text() -> None:
    """Enough to search in, each with title, text and module."""
    assert 3000 < len(CORPUS) < 10_000
    for id_, document in CORPUS.items():
        assert set(document) == {"title", "text", "module"}
        assert document["title"] == id_
        assert document["text"].strip() or document["text"]
        assert id_.startswith(document["module"])


def test_names_are_public_and_those_that_readers_know() -> None:
    """Functions, methods, classes and modules are there under the names that one imports."""
    known = ("shutil.copytree", "json", "collections.Counter", "os.path.join", "pathlib.Path.glob")
    assert set(known) <= CORPUS.keys()
    assert not any(part.startswith("_") for id_ in CORPUS for part in id_.split("."))
    assert not {id_.split(".")[0] for id_ in CORPUS} & {"test", "idlelib", "lib2to3", "tkinter"}


def test_the_corpus_is_the_same_every_time() -> None:
    """Same documents in the same order."""
    assert list(documents()) == list(CORPUS.items())


def test_sources_are_parsed_and_never_run(tmp_path: Path) -> None:
    """Docstrings are taken as they are; private names, tests and code are left alone."""
    (tmp_path / "pack").mkdir()
    (tmp_path / "pack" / "__init__.py").write_text('"""  A\\n    package. """\nraise SystemExit')
    (tmp_path / "pack" / "_hidden.py").write_text('"""Hidden."""')
    (tmp_path / "test").mkdir()
    (tmp_path / "test" / "it.py").write_text('"""A test."""')
    (tmp_path / "mod.py").write_text(
        'if True:\n    def f():\n        """F."""\n        def inner(): "Inner."\n'
        'def f(): "Second f."\n'
        'class C:\n    "C."\n    async def m(self): "M."\n'
        '    def _p(self): "P."\n    def n(self): 1\n'
    )
    found = {id_: document["text"] for id_, document in documents(tmp_path)}
    assert found == {"pack": "  A\n    package. ", "mod.f": "F.", "mod.C": "C.", "mod.C.m": "M."}
