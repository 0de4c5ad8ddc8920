"""Versions of weights in words."""

from scrawl.share import version_descriptions


def test_versions_are_described() -> None:
    entry = {"source": "patch", "samples": 1, "created_at": "2026-05-17T09:30:00.000Z", "accuracy": 0.98765}
    assert version_descriptions.version(entry) == "taught on 1 digit, 17\u00a0May\u00a02026, 09:30\u00a0UTC"
    assert version_descriptions.accuracy(entry) == "98.77%"
    first = {"version": "20260101T000000000-0123abcd", "parent": None}
    assert version_descriptions.descent(first) == "0123abcd, the first"
    assert (
        version_descriptions.descent({"version": "x-89abcdef", "parent": first["version"]})
        == "89abcdef, from 0123abcd"
    )
    back = {"source": "rollback", "restores": "20260101T000000000-0123abcd", "samples": 0}
    assert version_descriptions.version(back) == "went back to an earlier one (0123abcd)"
    assert (
        version_descriptions.version({"source": "retrain", "samples": 60000})
        == "trained from scratch by the API on 60,000 digits"
    )


def test_declined_weights_are_explained() -> None:
    gate = version_descriptions.declined(422, "not made current: these weights recognise 9% of the test digits")
    assert "recognise 9%" in gate
    assert "Train further" in gate
    assert "Train further" not in version_descriptions.declined(422, "tensor 'fc1.bias' is not finite")
