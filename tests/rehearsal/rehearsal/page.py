"""The page of the real `natspike serve` on a stack: what somebody looks at and does in a browser.

Every method that looks returns what is wrong with what it saw, a sentence each.
"""

import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from rehearsal import played, verify
from rehearsal.browser import Answer, Browser
from rehearsal.desk import Refused
from rehearsal.program import Background

TOKEN = "0123456789abcdefABCDEF"
REGION = "us-east-1"
_START_SECONDS = 20.0
_JOB_SECONDS = 60.0
_LOOK_SECONDS = 1.0
# What a recording says that has nothing to show yet, before and after its flow log is on.
_NOT_YET = ("its flow log is not on yet; try again", "none has arrived yet")


@dataclass(frozen=True)
class Bounds:
    """Bytes that a live report must have at the least, and may have at the most, by now."""

    least: Callable[[], int]
    most: Callable[[], int]


class Page:
    """A server of its own, with an empty folder to open and nothing kept elsewhere."""

    def __init__(
        self, program: Path, environment: dict[str, str], home: Path, stack: dict[str, str]
    ) -> None:
        for name in ("files", "tmp"):
            (home / name).mkdir(parents=True, exist_ok=True)
        self._stack = stack
        self._temporary = home / "tmp"
        command = [program, "serve", home / "files", "--stack", stack["name"], "--region", REGION]
        command += ["--port", "0", "--token", TOKEN]
        environment = environment | {"TMPDIR": str(self._temporary)}
        self._server = Background([str(word) for word in command], home / "serve.log", environment)
        self.browser = Browser(self._printed())
        self._report = ""

    def _printed(self) -> str:
        deadline = time.monotonic() + _START_SECONDS
        while time.monotonic() < deadline and not self._server.ended:
            printed = self._server.last_words().strip()
            if printed.startswith("http://127.0.0.1:") and printed.endswith(f"?token={TOKEN}"):
                return printed
            time.sleep(0.05)
        self._server.stop()
        raise RuntimeError(f"natspike serve did not start; it said:\n{self._server.last_words()}")

    def close(self) -> list[str]:
        """End the server by its process id."""
        code = self._server.end()
        left = [path.name for path in self._temporary.iterdir()]
        wrong = [] if code == 0 else [f"natspike serve ended with {code} when it was told to end"]
        return wrong + [f"natspike serve left {name} in the temporary folder" for name in left]

    def abandon(self) -> None:
        """End the server, however it is."""
        self._server.stop()

    # What somebody does.

    def start(self, gateway: str) -> str:
        """Begin a recording; gives its execution."""
        answer = self.browser.ask("POST", "/stack/recordings", {"gateway": gateway})
        return _expected(answer, 202)["execution"]

    def stop(self, execution: str) -> str:
        """Stop a recording; gives what is said of it."""
        ended = _expected(self.browser.ask("DELETE", f"/stack/recordings/{execution}"), 202)
        if ended["execution"] != execution or not ended["was_running"]:
            raise Refused(f"the page says {ended} of a recording that goes on")
        return f"the page stops {execution}"

    def recordings(self) -> list[dict[str, Any]]:
        """The list, the newest first."""
        return _expected(self.browser.get("/stack/recordings?limit=50"), 200)["recordings"]

    def report(self, execution: str) -> dict[str, Any]:
        """The report of a recording, read again."""
        answer = self._open(execution)
        if isinstance(answer, Answer):
            raise Refused(f"the report of {execution} is not given: {answer}")
        return answer

    def _open(self, execution: str, is_again: bool = True) -> dict[str, Any] | Answer:
        """The report, or why its job failed."""
        request = {"sources": [f"recording:{execution}"]}
        path = "/reports?refresh=true" if is_again else "/reports"
        opened = self.browser.ask("POST", path, request)
        if opened.status not in (200, 202):
            return opened
        self._report = opened.said["id"]
        job = self._ended(opened.said["job"]) if opened.said["job"] else {"state": "done"}
        if job["state"] != "done":
            return Answer(opened.status, job["error"])
        return _expected(self.browser.get(f"/reports/{self._report}"), 200)

    def _ended(self, job: str) -> dict[str, Any]:
        deadline = time.monotonic() + _JOB_SECONDS
        while time.monotonic() < deadline:
            said = _expected(self.browser.get(f"/jobs/{job}"), 200)
            if said["state"] != "running":
                return said
            time.sleep(0.05)
        raise Refused(f"job {job} of the page did not end in {_JOB_SECONDS:.0f} s")

    # What it looks like.

    def before(self, gateway: str, execution_time: int) -> list[str]:
        """Before anything is recorded: the stack, and who may not begin a recording."""
        wrong = []
        shown = _expected(self.browser.get("/stack"), 200)
        rows = {row["id"]: row for row in shown["gateways"]}
        for name in ("name", "region", "log_group", "bucket"):
            if shown.get(name) != self._stack[name]:
                wrong.append(
                    f"the page says {name} {shown.get(name)!r}, true is {self._stack[name]!r}"
                )
        row = rows.get(gateway, {})
        if len(rows) != 2 or row.get("recording", "?") is not None or "alarm_state" not in row:
            wrong.append(f"the page shows the gateways {shown['gateways']}")
        sentences = _expected(self.browser.get(f"/stack/gateways/{gateway}/expected"), 200)
        said = " ".join(sentences["sentences"])
        for words in (f"It records for {execution_time} s", "Expected are "):
            if words not in said:
                wrong.append(f"the page does not say {words!r} of a recording, but {said!r}")
        wrong += self._refusals(gateway)
        if listed := self.recordings():
            wrong.append(f"{len(listed)} recordings are listed before one was begun")
        return wrong

    def _refusals(self, gateway: str) -> list[str]:
        body = {"gateway": gateway}
        path = "/stack/recordings"
        ask = self.browser.ask
        unknown = f"/stack/gateways/{'nat-' + 17 * '0'}/expected"
        return [
            *_problem(ask("POST", path, body, origin=None), 403, "NoOrigin"),
            *_problem(ask("POST", path, body, origin="http://203.0.113.7"), 403, "ForeignOrigin"),
            *_problem(ask("POST", path, body, has_cookie=False), 401, "NoToken"),
            *_problem(self.browser.get(unknown), 502, "StackFailed", "does not watch it"),
        ]

    def early(self, execution: str) -> list[str]:
        """The recording has only just begun, and there is another that never was."""
        none = f"{execution}9"
        wrong = []
        for name, words in ((execution, _NOT_YET), (none, ("has none of that name",))):
            said = self._open(name, is_again=False)
            if not isinstance(said, Answer):
                wrong.append(f"the page has a report of {name}, which has no record yet")
            elif not any(part in said.detail for part in words) or ".." in said.detail:
                wrong.append(f"the page says of {name}: {said}")
        found = self._investigated(execution, ["traffic-summary"])
        if not isinstance(found, Answer) or not any(part in found.detail for part in _NOT_YET):
            wrong.append(f"what has no record yet can be investigated: {found}")
        return wrong

    def live(self, execution: str, bounds: Bounds, until: float) -> list[str]:
        """The live report, again and again: what arrived is in it and nothing else."""
        wrong: list[str] = []
        seen: list[int] = []
        while time.time() < until:
            least = bounds.least()
            if seen:
                wrong += self._stays(execution, seen[-1])
            said = self._open(execution)
            most = bounds.most()
            if isinstance(said, Answer):
                if least > 0 or not any(part in said.detail for part in _NOT_YET):
                    wrong.append(f"the live report is not given: {said}")
            else:
                count = said["bytes"]["processed"]
                if not least <= count <= most:
                    wrong.append(f"the live report has {count} bytes, true are {least} to {most}")
                if not self._is_live():
                    wrong.append("the report of a recording under way is not live")
                seen.append(count)
            time.sleep(_LOOK_SECONDS)
        if len(set(seen)) < 2 or seen != sorted(seen):
            wrong.append(f"the live report does not grow: {seen}")
        return wrong

    def _stays(self, execution: str, count: int) -> list[str]:
        """While it is read again, what it was can be looked at."""
        request = {"sources": [f"recording:{execution}"]}
        opened = _expected(self.browser.ask("POST", "/reports?refresh=true", request), 202)
        said = self.browser.get(f"/reports/{opened['id']}")
        if opened["state"] != "ready" or said.status != 200:
            return [f"the report is {opened['state']} while it is read again, and gives {said}"]
        if said.said["bytes"]["processed"] < count:
            return ["the report has less while it is read again"]
        return []

    def _is_live(self) -> bool | None:
        reports = _expected(self.browser.get("/reports"), 200)["reports"]
        live = [row["is_live"] for row in reports if row["id"] == self._report]
        return live[0] if live else None

    def questions(self, execution: str, gateway: str, most: Callable[[], int]) -> list[str]:
        """What is asked of a recording under way, and what it cannot do."""
        wrong = []
        ask = self.browser.ask
        again = ask("POST", "/stack/recordings", {"gateway": gateway})
        wrong += _problem(again, 502, "StackFailed", f"{execution} is recording it already")
        side = {"recording": execution}
        early = ask("POST", "/comparisons", {"before": side, "after": side})
        wrong += _problem(early, 502, "StackFailed", "has no report yet")
        shown = _expected(self.browser.get("/stack"), 200)
        recorded = {row["id"]: row["recording"] for row in shown["gateways"]}
        if recorded.get(gateway) != execution:
            wrong.append(f"the page says that {recorded} are recorded")
        found = self._investigated(execution, ["traffic-summary", "top-talkers"])
        if isinstance(found, Answer):
            return [*wrong, f"the recording cannot be investigated: {found}"]
        if not all(table["rows"] for table in found["tables"]):
            wrong.append("a table about a recording under way is empty")
        if played.STRANGER in str(found["tables"]):
            wrong.append("another gateway's records are investigated, too")
        if not found["records"]["read"] <= most():
            wrong.append(f"{found['records']['read']} records are investigated, {most()} arrived")
        return wrong

    def _investigated(self, execution: str, analyses: list[str]) -> dict[str, Any] | Answer:
        body = {"sources": [f"recording:{execution}"], "options": {"analysis": analyses}}
        begun = self.browser.ask("POST", "/investigations", body)
        job = self._ended(_expected(begun, 202)["id"])
        if job["state"] != "done":
            return Answer(begun.status, job["error"])
        return _expected(self.browser.get(job["result"].removeprefix("/api/v1")), 200)

    def afterwards(self, execution: str, gateway: str, truth: dict[str, Any]) -> list[str]:
        """The recording is over, mailed, and its gateway has had all its recordings."""
        said = self.report(execution)
        wrong = verify.at_the_desk(said, truth)
        if self._is_live() is not False:
            wrong.append("the report of a recording that is over is live")
        coverage = (said["coverage"] or {}).get("share")
        if coverage is None or not 0.999 <= coverage <= 1.001:
            wrong.append(f"the page says a coverage of {coverage}, true is 1")
        sides = {"before": {"recording": execution}, "after": {"report": self._report}}
        compared = _expected(self.browser.ask("POST", "/comparisons", sides), 200)
        hourly = compared["hourly"]
        if compared["schema"] != "natspike.comparison/1" or hourly["before"] != hourly["after"]:
            wrong.append(f"a report compared with itself is another: {compared}")
        ended = _expected(self.browser.ask("DELETE", f"/stack/recordings/{execution}"), 202)
        if ended["was_running"]:
            wrong.append("the page says that a recording goes on which is over")
        more = self.browser.ask("POST", "/stack/recordings", {"gateway": gateway})
        return wrong + _problem(more, 502, "StackFailed", "natspike quota reset")


def _expected(answer: Answer, status: int) -> Any:
    if answer.status != status:
        raise Refused(f"the page answers {answer} instead of {status}")
    return answer.said


def _problem(answer: Answer, status: int, name: str, words: str = "") -> list[str]:
    """What is wrong with a refusal, which says in words what to do."""
    is_it = (answer.status, answer.name) == (status, name) and words in answer.detail
    is_one_sentence = answer.detail.endswith(".") and not answer.detail.endswith("..")
    if is_it and is_one_sentence:
        return []
    return [f"the page answers {answer}, expected was {status} {name} {words}".rstrip()]
