"""
TorchServe's inference API (`inference_api.md`): what a handler takes and says is its own affair.

    POST or PUT /predictions/NAME[/VERSION], /invocations, /models/NAME/invoke

Any bytes -> JSON or text; an error is {"code", "type", "message"}. Its KServe endpoints are the
codecs `tensorflow_serving`'s (`/v1/models`) and `open_inference`'s (`/v2/models`).

There is no sign of an end in such an answer but HTTP's own (a length, the last chunk), which
whoever received it has held it to. What begins like JSON and is none is refused all the same.
"""

from __future__ import annotations

import re

from collections.abc import Mapping
from typing import Any
from urllib.parse import unquote

from shadowmon.errors import CodecError
from shadowmon.records import NOTHING_ASKED, Answer, Exchange, Headers, Question
from shadowmon.traffic.codecs import content_coding, parts, strict_json
from shadowmon.traffic.codecs.codec import Ask
from shadowmon.traffic.codecs.codec_settings import refuse_unknown
from shadowmon.traffic.codecs.path_model import with_model
from shadowmon.traffic.codecs.probabilities import distribution, labelled, likeliest
from shadowmon.traffic.codecs.question_paths import QUESTION_KEYS, QuestionPaths
from shadowmon.traffic.codecs.rewriting import rewritten


FORMS = ("labels", "embedding", "fields", "text")

_PATH = re.compile(r"/predictions/([^/]+)(?:/[^/]+)?$|/models/([^/]+)/invoke$|/invocations$")
_METHODS = frozenset({"POST", "PUT"})
"""The server takes either; `curl -T` sends PUT."""
_FORMS_OF_FILES = ("multipart/", "application/x-www-form-urlencoded")
_ERROR_KEYS = frozenset({"code", "type", "message"})
_JSON_STARTS = (b"{", b"[", b'"')


class TorchServe:
    """
    See `Codec`. Settings: those of `QuestionPaths`, and

    - `form`: what the answer is: `labels` (figures by label, as `probabilities.labelled` reads
      them, or one label), `embedding` (one vector, or several), `fields` (any JSON), `text`.

    Without it an object of figures in 0..1 is labels, {"class", "probability"} a label, other JSON
    fields, and what does not begin like an object, a list or a string is text.
    """

    def __init__(self, settings: Mapping[str, Any]) -> None:
        refuse_unknown(settings, ("form", *QUESTION_KEYS), codec="torchserve")
        self._form = settings.get("form")
        if self._form is not None and self._form not in FORMS:
            msg = f"form must be one of: {', '.join(FORMS)}"
            raise ValueError(msg)
        self._paths = QuestionPaths(settings)

    def read_request(self, exchange: Exchange) -> Ask:
        """
        See `Codec.read_request`. Explanations, health and management are skipped.

        A body may be anything, an image as well; only a text, or JSON, asks something.
        """
        match = _PATH.search(exchange.target.partition("?")[0])
        if exchange.method not in _METHODS or match is None:
            return Ask(skip="not_inference")
        name = match[1] or match[2]
        return Ask(model=unquote(name) if name else None, question=self._question(exchange))

    def retarget(self, target: str, *, model: str) -> str:
        """See `Retargeting.retarget`."""
        return with_model(target, _PATH, model)

    def read_answer(self, *, status: int, headers: Headers, body: bytes) -> Answer:
        """See `Codec.read_answer`."""
        del status  # the arm judges it; an error is read whatever the status says
        body = content_coding.plain(headers, body)
        may_be_text = self._form in {None, "labels"} and not _begins_like_json(body)
        if self._form == "text" or may_be_text:
            return self._text(body)
        found = strict_json.loads(body)
        if isinstance(found, dict) and found.keys() == _ERROR_KEYS:
            return Answer(error=parts.error_word(found["type"], found["code"]))
        return self._json(found)

    def rewrite(self, body: bytes, *, model: str | None, parameters: Mapping[str, Any]) -> bytes:
        """See `Codec.rewrite`. The model is part of the path, so only top-level keys are set."""
        del model
        return rewritten(body, parameters)

    def _question(self, exchange: Exchange) -> Question:
        body = content_coding.plain(exchange.headers, exchange.body)
        if content_coding.header(exchange.headers, "content-type").startswith(_FORMS_OF_FILES):
            return NOTHING_ASKED
        try:
            text = body.decode()
        except UnicodeDecodeError:
            return NOTHING_ASKED
        usual = Question(text=text, source=text)
        if not _begins_like_json(body):
            return usual
        try:
            found = strict_json.loads(body)
        except CodecError:  # a text may begin with a quotation mark, or a bracket
            return usual
        usual = Question(text=found, source=found) if isinstance(found, str) else NOTHING_ASKED
        return self._paths.read(found, usual)

    def _text(self, body: bytes) -> Answer:
        try:
            text = body.decode()
        except UnicodeDecodeError:
            text = ""
        if not text:
            msg = "the answer is neither JSON nor text"
            raise CodecError(msg)
        return Answer(text=text, label=text.strip() if self._form == "labels" else None)

    def _json(self, found: Any) -> Answer:  # noqa: ANN401 - JSON is any of six types
        if self._form == "embedding":
            return Answer(embeddings=parts.vectors(found, "the answer"))
        if self._form == "fields":
            return Answer(fields=found)
        if isinstance(found, str):
            return Answer(text=found, label=found if self._form == "labels" else None)
        if isinstance(found, dict) and isinstance(found.get("class"), str):
            return Answer(label=found["class"], fields=found)
        if self._form == "labels" or _are_figures(found):
            figures = labelled(found, "the answer")
            chances = distribution(figures)
            return Answer(label=likeliest(figures), probabilities=chances, fields=found)
        return Answer(fields=found)


def _are_figures(found: object) -> bool:
    return (
        isinstance(found, dict)
        and bool(found)
        and all(type(value) in {int, float} and 0 <= value <= 1 for value in found.values())
    )


def _begins_like_json(body: bytes) -> bool:
    return body.removeprefix(b"\xef\xbb\xbf").lstrip()[:1] in _JSON_STARTS
