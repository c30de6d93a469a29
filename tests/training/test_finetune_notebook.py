"""examples/finetune.ipynb: it was run as it is, and gained what it promises."""

import json
import pathlib
import re

NOTEBOOK = pathlib.Path(__file__).parents[2] / "examples/finetune.ipynb"


def cells():
    return json.loads(NOTEBOOK.read_text("utf-8"))["cells"]


def test_code_is_python():
    code = [c for c in cells() if c["cell_type"] == "code"]
    assert len(code) > 4
    for cell in code:
        compile("".join(cell["source"]), NOTEBOOK.name, "exec")


def test_it_was_run_in_order_and_without_errors():
    code = [c for c in cells() if c["cell_type"] == "code"]
    assert [c["execution_count"] for c in code] == list(range(1, len(code) + 1))
    kinds = {o["output_type"] for c in code for o in c["outputs"]}
    assert "error" not in kinds and "display_data" in kinds


def test_gain():
    outputs = [o for c in cells() for o in c.get("outputs", ())]
    text = "".join("".join(o.get("text", "")) for o in outputs)
    (rate,) = re.findall(r"BD-rate (\S+) %", text)
    assert float(rate) < -15


def test_links_lead_somewhere():
    text = "".join(
        "".join(c["source"]) for c in cells() if c["cell_type"] == "markdown"
    )
    links = re.findall(r"\]\(([^)]+)\)", text)
    assert links
    for link in links:
        assert (NOTEBOOK.parent / link).exists(), link
