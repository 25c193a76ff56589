import contextlib
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import power
from techlib import InputError

TRACES = Path(__file__).parents[3] / "shared" / "data" / "traces"
HEAD = "arrival_s,prompt_tokens,output_tokens\n"
AZURE = "TIMESTAMP,ContextTokens,GeneratedTokens\n"


def faults(path: Path, content: str | bytes) -> list[str]:
    """Write a file, read it as a trace, and return its faults without the folder's name."""
    path.write_bytes(content.encode() if isinstance(content, str) else content)
    with pytest.raises(InputError) as caught:
        power.read_trace(path)
    return [str(fault).replace(f"{path.parent}/", "") for fault in caught.value.faults]


@pytest.mark.parametrize(
    ("content", "expected"),
    [
        (
            "2023-11-16 18:17:03.9799600,4808,10\n2023-11-16 18:17:04.4799600,3180,8\n",
            [0.0, 0.5],
        ),
        (
            "2024-05-10 00:00:00.009930+00:00,4808,10\n2024-05-10 00:01:00.009930+00:00,3180,8\n",
            [0.0, 60.0],
        ),
    ],
)
def test_azure(tmp_path: Path, content: str, expected: list[float]) -> None:
    path = tmp_path / "azure.csv"
    path.write_text(AZURE + content)
    trace = power.read_trace(path)
    assert trace.arrival_s == pytest.approx(expected, abs=1e-9)
    assert trace.prompt_tokens.tolist() == [4808, 3180]
    assert trace.output_tokens.tolist() == [10, 8]


@pytest.mark.parametrize(
    "content",
    [
        (
            "Timestamp,Model,Request tokens,Response tokens,Total tokens,Log Type\n"
            "5,ChatGPT,472,18,490,Conversation log\n45,GPT-4,1087,230,1317,API log\n"
        ),
        "input_toks,output_toks,arrival_time_ns\n472,18,5000000000\n1087,230,45000000000\n",
        (
            '{"timestamp": 5000, "input_length": 472, "output_length": 18, "hash_ids": [0, 1]}\n\n'
            '{"timestamp": 45000, "input_length": 1087, "output_length": 230, "hash_ids": []}\n'
        ),
        " Arrival_S ,PROMPT_TOKENS,output_tokens,note\n5,472,18,a\n\n45,1087,230,b\n",
        "\ufeff" + HEAD + "5,472,18\r\n45,1087,230\r\n",
    ],
    ids=["burstgpt", "llmservingsim", "mooncake", "plain", "byte order mark"],
)
def test_other_published_formats(tmp_path: Path, content: str) -> None:
    path = tmp_path / "trace"
    path.write_text(content, encoding="utf-8", newline="")
    trace = power.read_trace(path)
    assert trace.arrival_s.tolist() == [5.0, 45.0]
    assert trace.prompt_tokens.tolist() == [472, 1087]
    assert trace.output_tokens.tolist() == [18, 230]


@pytest.mark.parametrize(
    ("name", "requests", "first", "last_s"),
    [
        ("azure2023_code.csv", 8819, (4808, 10), 3435.948056),
        ("mooncake_synthetic_trace.jsonl", 3993, (40160, 6), 1022.025),
        ("llmservingsim_sharegpt_300.csv", 300, (2358, 531), 29.18376320),
    ],
)
def test_real_traces(name: str, requests: int, first: tuple[int, int], last_s: float) -> None:
    if not (TRACES / name).exists():
        pytest.skip(f"{name} is not shipped; see ../shared/data")
    trace = power.read_trace(TRACES / name)
    assert len(trace) == requests
    assert (trace.prompt_tokens[0], trace.output_tokens[0]) == first
    assert trace.arrival_s[-1] == pytest.approx(last_s, abs=1e-6)


@pytest.mark.parametrize(
    ("content", "expected"),
    [
        ("", ["x.csv: is empty; allowed: a header and at least one request"]),
        (
            HEAD,
            [
                ("x.csv: holds no request; allowed: one request a line; "
                "write at least one request below the header")
            ],
        ),
        (
            HEAD + "a,1,1\n1,x,2\n2,nan,1\n3,1,inf\n-4,0,1.5\n",
            [
                "x.csv: line 2: arrival_s is 'a'; allowed: a number",
                "x.csv: line 3: prompt_tokens is 'x'; allowed: a number",
                "x.csv: line 4: prompt_tokens is missing; allowed: a number",
                ("x.csv: line 5: output_tokens is inf; allowed: a whole number from 1 to "
                "100,000,000"),
                "x.csv: line 6: arrival_s is -4; allowed: from 0 s to 1e+10 s",
            ],
        ),
        (
            HEAD + "2,1,1\n3,1,1\n1,1,1\n",
            [
                ("x.csv: line 4: arrival_s is 1, before the one above it; allowed: arrivals that "
                "do not decrease; sort the rows by arrival after checking the log")
            ],
        ),
        (
            HEAD + "1,2\n\n3,4,5,6\n",
            ["x.csv: line 4: 4 fields; allowed: 3 as in the header"],
        ),
        (HEAD + "1,2,3,4\n", ["x.csv: line 2: 4 fields; allowed: 3 as in the header"]),
        (
            "arrival_s,prompts,output_tokens\n1,2,3\n",
            [
                ("x.csv: line 1: column 'prompt_tokens' of plain CSV is missing; allowed: "
                "arrival_s, prompt_tokens, output_tokens; did you mean 'output_tokens' or "
                "'prompts'?")
            ],
        ),
        (
            AZURE + "2023-13-45,1,1\n2023-11-16 18:17:03,5,5\n2023-11-16 18:17:02,5,5\n",
            [
                "x.csv: line 2: TIMESTAMP is '2023-13-45'; allowed: a date and time",
                ("x.csv: line 4: arrival_s is 0, before the one above it; allowed: arrivals that "
                "do not decrease; sort the rows by arrival after checking the log"),
            ],
        ),
        (
            ('{"timestamp": 0, "input_length": 1, "output_length": 1}\n{broken\n[1]\n'
            '{"timestamp": 0, "input_lenght": 1, "output_length": true}\n'),
            [
                ("x.csv: line 2: broken JSON: Expecting property name enclosed in double quotes; "
                "allowed: one JSON object a line"),
                "x.csv: line 3: is list; allowed: one JSON object a line",
                ("x.csv: line 4: input_length is missing; allowed: timestamp, input_length, "
                "output_length; did you mean 'input_lenght' or 'output_length'?"),
                "x.csv: line 4: output_length is 'True'; allowed: a number",
            ],
        ),
        (
            '[{"timestamp": 0}]',
            ["x.csv: is one JSON list; allowed: one JSON object a line"],
        ),
        (
            b"\x1f\x8b\x08\x00",
            [
                ("x.csv: is compressed with gzip; allowed: CSV or JSON lines; unpack it or convert "
                "it to CSV")
            ],
        ),
        (
            HEAD.encode("utf-16"),
            ["x.csv: is encoded in UTF-16; allowed: CSV or JSON lines; save it as UTF-8 text"],
        ),
        (
            b"a,b\n1,\x002\n",
            ["x.csv: line 2: is binary, not text; allowed: CSV or JSON lines"],
        ),
        (
            HEAD.encode() + b"1,2,caf\xe9\n",
            ["x.csv: line 2: byte 0xe9 is not UTF-8; save it as UTF-8"],
        ),
    ],
    ids=[
        "empty",
        "header only",
        "bad cells",
        "unsorted",
        "long row",
        "all rows long",
        "wrong column",
        "dates",
        "json",
        "json list",
        "gzip",
        "utf-16",
        "binary",
        "latin-1",
    ],
)  # fmt: skip
def test_every_fault_is_listed(tmp_path: Path, content: str | bytes, expected: list[str]) -> None:
    assert faults(tmp_path / "x.csv", content) == expected


def test_unknown_columns_name_the_known_formats(tmp_path: Path) -> None:
    (fault,) = faults(tmp_path / "x.csv", "arrival,prompt,output\n1,2,3\n")
    assert "columns arrival, prompt, output are not known" in fault
    assert "Azure LLM inference: TIMESTAMP, ContextTokens, GeneratedTokens" in fault
    assert fault.endswith("did you mean 'arrival_s'?")
    (fault,) = faults(tmp_path / "x.csv", "arrival_s;prompt_tokens;output_tokens\n1;2;3\n")
    assert fault.endswith("separate the columns by commas")


def test_a_missing_file_names_its_neighbours(tmp_path: Path) -> None:
    (tmp_path / "chat.csv").write_text(HEAD)
    with pytest.raises(InputError, match=r"chta.csv: no such file; .*did you mean 'chat.csv'"):
        power.read_trace(tmp_path / "chta.csv")
    with pytest.raises(InputError, match="cannot be read: Is a directory"):
        power.read_trace(tmp_path)


def test_a_long_list_of_faults_is_cut(tmp_path: Path) -> None:
    found = faults(tmp_path / "x.csv", HEAD + "x,1,1\n" * 33)
    assert len(found) == 21
    assert found[0] == "x.csv: line 2: arrival_s is 'x'; allowed: a number"
    assert found[20] == "x.csv: and 13 more faulty rows"


@settings(max_examples=40, deadline=None)
@given(st.one_of(st.binary(max_size=200), st.text(max_size=200).map(str.encode)))
def test_no_content_gives_anything_but_a_trace_or_faults(
    tmp_path_factory: pytest.TempPathFactory, content: bytes
) -> None:
    path = tmp_path_factory.getbasetemp() / "any.csv"
    for text in (content, HEAD.encode() + content, b'{"timestamp":' + content):
        path.write_bytes(text)
        with contextlib.suppress(InputError):
            assert len(power.read_trace(path)) >= 1


def test_a_long_file_is_read_whole(tmp_path: Path) -> None:
    path = tmp_path / "long.csv"
    row = np.arange(200_000)
    power.Trace("long", row / 7.0, row % 5000 + 1, row % 300 + 1).to_csv(path)
    assert len(power.read_trace(path)) == 200_000
