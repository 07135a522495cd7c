"""The notebooks run at small settings and find what they tell of; what is kept of them is whole and clean."""

import json
import shutil
from pathlib import Path

import nbformat
import pytest

from notebooks.execute import execute

FOLDER = Path(__file__).parents[1] / "notebooks"
NAMES = [
    "1-from-autoencoder-to-vae",
    "2-the-manifold",
    "3-the-tighter-bound",
    "4-from-pixels-to-words",
    "5-from-raw-posts-to-a-report",
    "6-survey-answers",
    "7-comparing-models",
    "8-topics-over-time",
    "9-the-taxonomy",
]


@pytest.fixture
def run(tmp_path, monkeypatch):
    """Run a notebook at small settings, and give the value that an expression has at its end, by way of JSON."""

    def run(name, expression, data=None):
        folder, empty = tmp_path / "notebooks", tmp_path / "no data"
        folder.mkdir()
        empty.mkdir()
        for file in (f"{name}.ipynb", "setting.py"):
            shutil.copy(FOLDER / file, folder)
        monkeypatch.setenv("NEURALTOPIC_NOTEBOOK_SMALL", "1")
        monkeypatch.setenv("OMP_NUM_THREADS", "1")
        # Without the real data what a notebook finds is the same wherever the tests run.
        monkeypatch.setenv("NEURALTOPIC_DATA", str(data or empty))
        notebook = nbformat.read(folder / f"{name}.ipynb", as_version=4)
        notebook.cells.append(nbformat.v4.new_code_cell(f"import json\nprint(json.dumps({expression}))"))
        executed = execute(notebook, folder)
        assert complaints(executed) == []
        return json.loads(executed.cells[-1].outputs[0].text)

    return run


def outputs(notebook):
    return [output for cell in notebook.cells if cell.cell_type == "code" for output in cell.outputs]


def complaints(notebook):
    return [o for o in outputs(notebook) if o.output_type == "error" or o.get("name") == "stderr"]


def test_these_are_all_notebooks():
    assert sorted(path.stem for path in FOLDER.glob("*.ipynb")) == NAMES


@pytest.mark.parametrize("name", NAMES)
def test_what_is_kept_is_whole_and_clean(name):
    path = FOLDER / f"{name}.ipynb"
    assert path.stat().st_size < 700_000
    notebook = nbformat.read(path, as_version=4)
    nbformat.validate(notebook)
    code = [cell for cell in notebook.cells if cell.cell_type == "code"]
    assert [cell.execution_count for cell in code] == list(range(1, len(code) + 1))
    assert complaints(notebook) == []
    assert sum("image/png" in output.get("data", {}) for output in outputs(notebook)) >= 1
    shown = [str(output.get("text", output.get("data", {}).get("text/html", ""))) for output in outputs(notebook)]
    for place in ("/tmp", "/home", "/root", "/work", "/Users"):
        assert not any(place in text for text in shown)
    assert set(notebook.metadata) == {"kernelspec", "language_info"}
    assert all(cell.metadata == {} for cell in notebook.cells)


@pytest.mark.slow
def test_a_code_keeps_more_the_wider_it_is_and_denoising_restores_what_is_hidden(run):
    found = run(NAMES[0], '{"losses": losses, "hidden": error_at_hidden, "correlations": correlations}')
    losses, hidden, correlations = found["losses"], found["hidden"], found["correlations"]
    assert losses["2"] > losses["4"] > losses["8"] > losses["16"]
    assert hidden["denoising"] < 0.6 * hidden["plain"]
    assert hidden["denoising"] < 0.8 * hidden["the mean digit"]
    assert correlations["VAE"] < correlations["autoencoder"]


@pytest.mark.slow
@pytest.mark.parametrize("real", [False, True])
def test_the_plane_sorts_digits_that_it_was_never_told_of(run, real, request):
    data = request.getfixturevalue("data_folder").resolve() if real else None
    found = run(NAMES[1], '{"told": told, "bounds": bounds, "shape": test.shape[1:]}', data)
    told, bounds = list(found["told"].values()), list(found["bounds"].values())
    assert found["shape"] == ([28, 28] if real else [8, 8])
    assert told[-1] > told[0] + 0.1
    assert told[-1] > 0.5
    assert bounds[-1] > bounds[2] > bounds[0]


@pytest.mark.slow
def test_the_bound_climbs_with_k_to_what_the_closed_form_and_annealing_say(run):
    found = run(
        NAMES[2],
        '{"climb": climb, "evidence": float(evidence), "limit": limit(models["wide"]), "shares": shares,'
        ' "bounds": bounds, "annealed": annealed}',
    )
    narrow, wide = ([mean for mean, _ in found["climb"][name]] for name in ("narrow", "wide"))
    for means in (narrow, wide):
        assert means[0] < means[3] < means[-1]  # k = 1, 10, 1000
        assert means[-1] == pytest.approx(found["evidence"], abs=0.2)
    assert narrow[0] > wide[0]
    assert narrow[-1] < wide[-1]
    assert found["shares"]["100,000"]["wide"] == pytest.approx(found["limit"], abs=0.01)
    for trained_with, bounds in found["bounds"].items():
        assert bounds[0] < bounds[1] < bounds[2] < bounds[-1]
        value, error = found["annealed"][trained_with]
        assert bounds[-1] < value + 4 * error + 0.1
        assert value - bounds[-1] < 1


@pytest.mark.slow
def test_codes_of_documents_foretell_words_and_know_the_groups(run):
    found = run(
        NAMES[3],
        '{"perplexities": perplexities, "probe": evaluation["probe_accuracy"].value, "groups": len(groups),'
        ' "cosines": similarity[nearest].tolist(), "words": topics["words"].tolist(),'
        ' "largest": {name: float(np.median(c[filled].max(1))) for name, c in codes.items()}}',
    )
    perplexities = found["perplexities"]
    for name in ("Gaussian", "logistic-normal", "near-Dirichlet"):
        assert perplexities[name] < 0.9 * perplexities["one code for all"]
    assert perplexities["Gaussian"] < perplexities["logistic-normal"]
    assert found["groups"] == 3
    assert found["probe"] > 0.8
    assert found["cosines"] == sorted(found["cosines"], reverse=True)
    assert found["cosines"][0] > 0.7
    assert len(set(" ".join(found["words"]).split())) > 60
    assert found["largest"]["logistic-normal"] < found["largest"]["near-Dirichlet"] <= 1


@pytest.mark.slow
def test_raw_posts_become_topics_that_keep_to_groups(run):
    found = run(
        "5-from-raw-posts-to-a-report",
        '{"groups": len(groups), "kept": int(rows["kept"]), "figures": figures["value"].to_dict(), "before": before,'
        ' "after": after, "page": page.count("http-equiv"), "hits": len(index.search(question, 5))}',
    )
    assert found["groups"] == 3
    assert found["kept"] > 500
    assert found["figures"]["probe_accuracy"] > 0.8
    assert found["figures"]["diversity"] > 0.5
    assert found["after"] == pytest.approx(found["before"], abs=1e-5)
    assert found["page"] == 1
    assert found["hits"] == 5


@pytest.mark.slow
def test_answers_are_sorted_by_theme_and_intervals_hold_the_truth(run):
    found = run(
        "6-survey-answers",
        '{"rows": fitted.facts["rows"], "matched": matched, "inside": int(shown["inside"].sum()), "n": len(shown),'
        ' "largest": shown.loc[shown["theme"] == "tools"].nlargest(1, "estimate")["term"].tolist()}',
    )
    assert sum(found["rows"].values()) == 450
    assert found["rows"]["duplicate"] > 10
    assert found["matched"] > 0.95
    assert found["n"] == 12
    assert found["inside"] >= 10
    assert found["largest"] == ["department[T.office]"]


@pytest.mark.slow
def test_models_are_measured_side_by_side(run):
    found = run("7-comparing-models", '{"table": table.to_dict(), "failures": found.failures}')
    assert found["failures"] == []
    assert set(found["table"]) == {"default", "nmf"}
    for figures in found["table"].values():
        assert -1 < figures["npmi"] < 1
        assert 0 < figures["diversity"] <= 1
        assert figures["perplexity_completion"] > 1


@pytest.mark.slow
def test_shares_of_every_period_add_up_and_intervals_hold_them(run):
    found = run(
        "8-topics-over-time",
        '{"sums": change.sum().tolist(), "inside": bool(((table["low"] <= table["share"])'
        ' & (table["share"] <= table["high"])).all()),'
        ' "trends": trends[["low", "estimate", "high"]].to_numpy().tolist()}',
    )
    assert found["sums"] == pytest.approx([1.0] * 6, abs=1e-5)
    assert found["inside"]
    assert len(found["trends"]) == 8
    assert all(low < estimate < high for low, estimate, high in found["trends"])


@pytest.mark.slow
def test_every_model_of_the_taxonomy_gives_what_it_promises(run):
    found = run(
        NAMES[-1],
        '{"images": of_images.astype(object).where(of_images.notna(), None).to_dict("index"),'
        ' "perplexities": perplexities, "told": told}',
    )
    images, perplexities, told = found["images"], found["perplexities"], found["told"]
    assert images["autoencoder"]["reconstruction"] < images["VAE"]["reconstruction"]
    for explicit in ("VAE", "IWAE", "RBM"):
        assert images[explicit]["log p(x)"] > images["GAN"]["log p(x)"]
    for name in ("VAE", "IWAE", "RBM", "GAN"):
        assert images[name]["digits drawn"] >= 8, name
        assert images[name]["code"] > 0.7, name
    for name in ("VAE", "IWAE", "RBM", "adversarial"):
        assert perplexities[name] < perplexities["frequencies alone"], name
    assert min(told.values()) > 0.7
