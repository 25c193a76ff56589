import contextlib
import signal
import threading
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import power
from power import trace_files
from power.trace_text import line_blocks
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
        "arrived_at,num_prefill_tokens,num_decode_tokens\n5,472,18\n45,1087,230\n",
        " Arrival_S ,PROMPT_TOKENS,output_tokens,note\n5,472,18,a\n\n45,1087,230,b\n",
        "\ufeff" + HEAD + "5,472,18\r\n45,1087,230\r\n",
    ],
    ids=["burstgpt", "llmservingsim", "mooncake", "vidur", "plain", "byte order mark"],
)
def test_other_published_formats(tmp_path: Path, content: str) -> None:
    path = tmp_path / "trace"
    path.write_text(content, encoding="utf-8", newline="")
    trace = power.read_trace(path)
    assert trace.arrival_s.tolist() == [5.0, 45.0]
    assert trace.prompt_tokens.tolist() == [472, 1087]
    assert trace.output_tokens.tolist() == [18, 230]


@pytest.mark.parametrize(
    "content",
    [
        (
            '{"request_id": "a", "arrival_time": 1700000005.0, "num_prompt_tokens": 472, '
            '"num_generation_tokens": 18}\n'
            '{"request_id": "b", "arrival_time": 1700000045.0, "num_prompt_tokens": 1087, '
            '"num_generation_tokens": 230}\n'
        ),
        (
            "request_id,arrival_time,prompt_tokens,completion_tokens\n"
            "a,1700000005.0,472,18\nb,1700000045.0,1087,230\n"
        ),
        (
            '{"backend": "vllm", "num_prompts": 2, "input_lens": [1087, 472],\n'
            ' "output_lens": [230, 18], "start_times": [145.0, 105.0], "errors": ["", ""]}'
        ),
        (
            '[{"arrival_time": 1700000005.0, "prompt_tokens": 472, "completion_tokens": 18}, '
            '{"arrival_time": 1700000045.0, "prompt_tokens": 1087, "completion_tokens": 230}]'
        ),
    ],
    ids=["request log", "api log", "benchmark result in the order of the answers", "list"],
)
def test_logs_of_vllm_count_from_the_first_arrival(tmp_path: Path, content: str) -> None:
    path = tmp_path / "log"
    path.write_text(content)
    trace = power.read_trace(path)
    assert trace.arrival_s.tolist() == [0.0, 40.0]
    assert trace.prompt_tokens.tolist() == [472, 1087]
    assert trace.output_tokens.tolist() == [18, 230]


def test_lengths_get_their_arrivals_from_a_seed(tmp_path: Path) -> None:
    path = tmp_path / "sharegpt.csv"
    path.write_text("prompt_len,output_len\n" + "100,20\n" * 20_000)
    with pytest.raises(InputError, match="has no times of arrival; give arrivals"):
        power.read_trace(path)
    arrivals = power.Arrivals(rate_per_s=8.0, cv=2.0, seed=3)
    trace = power.read_trace(path, arrivals=arrivals)
    again = power.read_trace(path, arrivals=arrivals)
    assert np.array_equal(trace.arrival_s, again.arrival_s)
    assert set(trace.prompt_tokens) == {100}
    # Four standard errors of a mean of 20,000 intervals with a spread of 2.
    assert trace.statistics()["rate_per_s"] == pytest.approx(8.0, rel=4 * 2.0 / 20_000**0.5)
    assert trace.statistics()["arrival_cv"] == pytest.approx(2.0, rel=0.1)


def test_mooncake_keeps_its_prefix_blocks(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "m.jsonl"
    path.write_text(
        '{"timestamp": 0, "input_length": 1200, "output_length": 2, "hash_ids": [4, 5, 6]}\n'
        '{"timestamp": 9, "input_length": 900, "output_length": 2, "hash_ids": [4, 7]}\n'
        '{"timestamp": 9, "input_length": 90, "output_length": 2, "hash_ids": [8]}\n'
    )
    trace = power.read_trace(path)
    assert trace.blocks is not None
    assert trace.blocks.block_tokens == 512
    assert trace.blocks.ids.tolist() == [4, 5, 6, 4, 7, 8]
    assert trace.statistics()["repeated_blocks"] == pytest.approx(1 / 6)
    part = trace.replica(2)
    assert part.blocks is not None
    assert part.blocks.ids.tolist() == [4, 5, 6, 8]
    with path.open("a") as file:
        file.write('{"timestamp": 9, "input_length": 90, "output_length": 2}\n')
    monkeypatch.setattr(trace_files, "line_blocks", lambda p: line_blocks(p, 80))
    ids = [part.blocks and part.blocks.ids.tolist() for part in power.trace_chunks(path)]
    assert ids == [[4, 5, 6, 4, 7], [8], None]
    whole = power.read_trace(path)
    assert whole.blocks is not None
    assert whole.blocks.offsets.tolist() == [0, 3, 5, 6, 6]
    path.write_text('{"timestamp": 0, "input_length": 9, "output_length": 2, "hash_ids": [1.5]}\n')
    with pytest.raises(InputError, match=r"line 1: hash_ids is '\[1.5\]'; allowed: a list"):
        power.read_trace(path)


def test_parquet_is_read_back_exactly(tmp_path: Path) -> None:
    trace = power.generate(power.workloads()["chat"], seed=5, duration_s=20.0)
    trace.to_parquet(tmp_path / "t.parquet")
    again = power.read_trace(tmp_path / "t.parquet")
    assert np.array_equal(again.arrival_s, trace.arrival_s)
    assert np.array_equal(again.output_tokens, trace.output_tokens)
    bad = trace.to_dataframe()
    bad.loc[7, "prompt_tokens"] = 0
    bad.to_parquet(tmp_path / "t.parquet")
    with pytest.raises(InputError, match=r"t.parquet: row 8: prompt_tokens is 0; allowed"):
        power.read_trace(tmp_path / "t.parquet")
    azure = pd.DataFrame({
        "TIMESTAMP": pd.to_datetime(["2024-05-10 00:00:00.25", "2024-05-10 00:00:01.00"], utc=True),
        "ContextTokens": [5, 6], "GeneratedTokens": [1, 2],
    })  # fmt: skip
    azure.to_parquet(tmp_path / "t.parquet")
    assert power.read_trace(tmp_path / "t.parquet").arrival_s.tolist() == [0.0, 0.75]
    (tmp_path / "t.parquet").write_bytes(b"PAR1 and no more")
    with pytest.raises(InputError, match=r"t.parquet: is a damaged Parquet file"):
        power.read_trace(tmp_path / "t.parquet")


BAD_ROWS = HEAD + "0,5,5\nx,1,1\n1,7,7\n\n0.5,1,1\n2,8,0\n2,9,9,9\n2,8,8\n"


def test_bad_rows_are_left_out_and_counted_on_request(tmp_path: Path) -> None:
    path = tmp_path / "t.csv"
    path.write_text(BAD_ROWS)
    trace = power.read_trace(path, skip_bad=True)
    assert trace.prompt_tokens.tolist() == [5, 7, 8]
    assert trace.left_out == 4
    assert [fault.split(";")[0] for fault in faults(path, BAD_ROWS)] == [
        "t.csv: line 3: arrival_s is 'x'",
        "t.csv: line 6: arrival_s is 0.5, before the one above it",
        "t.csv: line 7: output_tokens is 0",
        "t.csv: line 8: 4 fields",
    ]
    path.write_text(HEAD + "x,1,1\n")
    with pytest.raises(InputError, match="no good row among 1"):
        power.read_trace(path, skip_bad=True)


@pytest.mark.parametrize("size", [40, 64, 97, 10_000])
def test_blocks_of_any_size_give_the_same(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, size: int
) -> None:
    """Faults keep their line numbers, and order is watched, across the seams of blocks."""
    path = tmp_path / "t.csv"
    whole = faults(path, BAD_ROWS)
    dated = AZURE + "".join(f"2024-05-10 00:00:{s:02d}.5+00:00,{s + 1},1\n" for s in range(50))
    monkeypatch.setattr(trace_files, "line_blocks", lambda p: line_blocks(p, size))
    assert faults(path, BAD_ROWS) == whole
    assert power.read_trace(path, skip_bad=True).left_out == 4
    path.write_text(dated)
    assert power.read_trace(path).arrival_s.tolist() == list(range(50))
    chunks = list(power.trace_chunks(path))
    assert np.concatenate([chunk.prompt_tokens for chunk in chunks]).tolist() == list(range(1, 51))
    assert len(chunks) > 1 or size == 10_000


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
            [
                "x.csv: line 2: output_tokens is missing; allowed: a number",
                "x.csv: line 4: 4 fields; allowed: 3 as in the header",
            ],
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
            ('[\n{"timestamp": 0, "input_length": 3, "output_length": 0},\n\n7, '
            '{"timestamp": 0, "input_length": 1}]'),
            [
                "x.csv: line 2: output_tokens is 0; allowed: a whole number from 1 to 100,000,000",
                "x.csv: line 4: is int; allowed: a JSON object",
                ("x.csv: line 4: output_length is missing; allowed: timestamp, input_length, "
                "output_length; did you mean 'input_length'?"),
            ],
        ),
        (
            '[{"timestamp": 0, "input_length": 3, "output_length": 1},\n{"timestamp": 3',
            [
                "x.csv: line 2: broken JSON: Expecting ',' delimiter; allowed: a list of objects",
            ],
        ),
        (
            b"\x1f\x8b\x08\x00",
            [
                ("x.csv: is compressed with gzip; allowed: CSV, JSON lines or Parquet; unpack it "
                "or convert it to CSV")
            ],
        ),
        (
            HEAD.encode("utf-16"),
            [
                ("x.csv: is encoded in UTF-16; allowed: CSV, JSON lines or Parquet; save it as "
                "UTF-8 text")
            ],
        ),
        (
            b"a,b\n1,\x002\n",
            ["x.csv: line 2: is binary, not text; allowed: CSV, JSON lines or Parquet"],
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
        "cut json list",
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
    starts = (b"", HEAD.encode(), AZURE.encode(), b'{"timestamp":', b"PAR1")
    for text in (start + content for start in starts):
        path.write_bytes(text)
        for skip_bad in (False, True):
            with contextlib.suppress(InputError):
                assert len(power.read_trace(path, skip_bad=skip_bad)) >= 1


def test_a_long_file_is_read_whole(tmp_path: Path) -> None:
    path = tmp_path / "long.csv"
    row = np.arange(200_000)
    power.Trace("long", row / 7.0, row % 5000 + 1, row % 300 + 1).to_csv(path)
    assert len(power.read_trace(path)) == 200_000


def test_arrow_leaves_threads_and_signals_of_the_process_alone(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its threads abort an interrupted process at the exit, and its handler loses interrupts."""
    import pyarrow.csv

    path = tmp_path / "t.csv"
    path.write_text("arrival_s,prompt_tokens,output_tokens\n0,12,3\n")
    usual, calls = pyarrow.csv.read_csv, []

    def watched(*arguments: Any, **options: Any) -> Any:
        apart = threading.current_thread() is not threading.main_thread()
        calls.append((apart, options["read_options"].use_threads))
        return usual(*arguments, **options)

    monkeypatch.setattr(pyarrow.csv, "read_csv", watched)
    before = signal.getsignal(signal.SIGINT)
    assert len(power.read_trace(path)) == 1
    assert calls == [(True, False)]
    assert signal.getsignal(signal.SIGINT) is before
