import json
import shutil

import numpy as np
import pytest
from sklearn.exceptions import NotFittedError

from neuraltopic import Preprocessing, TopicModel, UsageError
from neuraltopic.errors import NeuralTopicError, NeuralTopicWarning
from neuraltopic.search import SearchIndex
from neuraltopic.search.folder import writing
from neuraltopic.topics.retrieval.hybrid_ranking import DECIMALS
from tests.tiny_corpus import sentences


@pytest.fixture
def index(shared_index, tmp_path):
    shutil.copytree(shared_index.folder, tmp_path / "index")
    return SearchIndex.open(tmp_path / "index")


def ids(answer):
    return [hit.id for hit in answer.hits]


@pytest.mark.parametrize("by", ["hybrid", "words", "topics"])
def test_parts_sum_to_the_score(shared_index, by):
    answer = shared_index.answer("rocket to the moon, with butter", 20, by=by)
    assert len(answer.hits) == 20
    for hit in answer.hits:
        assert sum(hit.words.values()) + sum(hit.topics.values()) == pytest.approx(hit.score, abs=1e-12)
        assert {type(part) for part in (*hit.words.values(), *hit.topics.values())} == {float}


def test_the_scores_of_all_documents_have_mean_zero(shared_index):
    answer = shared_index.answer("rocket butter", 60)
    assert answer.n_found == len(answer.hits) == 60
    assert np.mean([hit.score for hit in answer.hits]) == pytest.approx(0.0, abs=1e-6)


def test_documents_of_the_theme_come_first(shared_index):
    answer = shared_index.answer("rocket", 10)
    assert all(hit.id.startswith("space/") for hit in answer.hits)
    scores = [round(hit.score, DECIMALS) for hit in answer.hits]
    assert scores == sorted(scores, reverse=True)


def test_by_words_only_documents_with_a_word(shared_index):
    answer = shared_index.answer("striker", 60, by="words")
    texts = {f"{number:02d}": text for number, text in enumerate(sentences())}
    having = {number for number, text in texts.items() if "striker" in text}
    assert answer.n_found == len(having)
    assert {id.split("/")[1].removesuffix(".txt") for id in ids(answer)} == having


def test_pages_are_parts_of_one_list(shared_index):
    whole = ids(shared_index.answer("goal", 30))
    pages = [ids(shared_index.answer("goal", 10, skip=skip)) for skip in (0, 10, 20)]
    assert [id for page in pages for id in page] == whole
    assert shared_index.answer("goal", 10, skip=20).hits[0].rank == 21


def test_equal_documents_come_in_the_order_of_their_ids(model, tmp_path):
    texts = [*sentences(9), *["rocket moon orbit"] * 12]
    index = SearchIndex.build(tmp_path / "index", model, texts)
    assert ids(index.answer("rocket moon orbit", 12)) == sorted(str(number) for number in range(9, 21))


def test_unknown_words_are_named_with_near_spellings(shared_index):
    answer = shared_index.answer("rockets zebra moon")
    assert answer.unknown == {"rockets": ["rocket"], "zebra": []}
    assert answer.notes == (
        "rockets is not in the vocabulary; near it: rocket",
        "zebra is not in the vocabulary",
    )
    assert answer.hits[0].words.keys() == {"moon"}


def test_a_long_query_names_some_of_its_unknown_words(shared_index):
    words = [f"zebra{letter}" for letter in "abcdefghijklmnopqrst"]
    answer = shared_index.answer(" ".join([*words, "moon"]))
    assert list(answer.unknown) == words
    assert len(answer.notes) == 11
    assert answer.notes[-1] == "10 more words of the query are not in the vocabulary"


def test_a_query_of_unknown_words_finds_nothing(shared_index):
    answer = shared_index.answer("zebra")
    assert (answer.n_found, answer.hits) == (0, ())
    assert answer.notes[-1] == "no word of the query is in the vocabulary"


def test_like_a_document_leaves_it_out(shared_index):
    answer = shared_index.answer(like="space/00.txt", n=60)
    assert "space/00.txt" not in ids(answer)
    assert answer.n_found == 59
    # 15 has the same words as 0 but for how often.
    assert all(id.startswith("space/") for id in ids(answer)[:10])


def test_a_topic_ranks_by_its_share(shared_index, model):
    answer = shared_index.answer(topic=1, n=60)
    shares = model.topic_weights(shared_index.segments[0].vectors)[:, 1]
    assert [hit.score for hit in answer.hits] == pytest.approx(np.sort(shares)[::-1].tolist(), abs=10**-DECIMALS)
    assert answer.hits[0].topics == {1: answer.hits[0].score}


def test_a_filter_leaves_scores_as_they_are(shared_index):
    everywhere = {hit.id: hit.score for hit in shared_index.answer("goal butter", 60).hits}
    answer = shared_index.answer("goal butter", 60, where="label = 'kitchen' and n_tokens >= 5")
    assert answer.n_found == 20
    assert all(hit.id.startswith("kitchen/") and hit.score == everywhere[hit.id] for hit in answer.hits)
    assert shared_index.answer("goal", where="id = 'space/00.txt' or topic > 90").n_found == 1


def test_snippets_mark_the_words(shared_index):
    hit = shared_index.answer("rocket moon", 1).hits[0]
    assert {hit.snippet[start:stop] for start, stop in hit.marked} == {"rocket", "moon"}


def test_without_text_there_are_no_snippets(model, tmp_path):
    index = SearchIndex.build(tmp_path / "index", model, sentences(), text=False)
    hits = index.answer("rocket").hits
    assert not list((tmp_path / "index").rglob("texts*"))
    assert len(hits) == 10
    assert all(hit.snippet == "" for hit in hits)


def test_the_same_answer_after_opening_again(shared_index):
    again = SearchIndex.open(shared_index.folder)
    assert again.answer("moon league", 60) == shared_index.answer("moon league", 60)


def test_added_in_parts_as_built_at_once(model, tmp_path):
    texts = sentences()
    rows = [{"id": f"d{number:02d}", "text": text, "year": number} for number, text in enumerate(texts)]
    for name, part in (("all", rows), ("first", rows[:20]), ("second", rows[20:45]), ("third", rows[45:])):
        (tmp_path / f"{name}.jsonl").write_text("".join(json.dumps(row) + "\n" for row in part))
    whole = SearchIndex.build(tmp_path / "whole", model, tmp_path / "all.jsonl")
    grown = SearchIndex.build(tmp_path / "grown", model, tmp_path / "first.jsonl")
    for name in ("second", "third"):
        grown = grown.add(tmp_path / f"{name}.jsonl")
    assert len(grown) == len(whole) == 60
    for query in ("rocket butter", "goal"):
        expected = whole.answer(query, 60, where="year != 30")
        found = grown.answer(query, 60, where="year != 30")
        assert ids(found) == ids(expected)
        assert [hit.score for hit in found.hits] == pytest.approx([hit.score for hit in expected.hits], abs=1e-5)


def test_deleted_as_never_indexed(model, tmp_path):
    texts = sentences()
    rows = [json.dumps({"id": f"d{number:02d}", "text": text}) + "\n" for number, text in enumerate(texts)]
    (tmp_path / "all.jsonl").write_text("".join(rows))
    (tmp_path / "some.jsonl").write_text("".join(rows[:7] + rows[9:]))
    index = SearchIndex.build(tmp_path / "all", model, tmp_path / "all.jsonl").delete(["d07", "d08"])
    expected = SearchIndex.build(tmp_path / "some", model, tmp_path / "some.jsonl")
    assert len(index) == 58
    assert "d07" not in index
    found, wanted = index.answer("rocket butter", 60), expected.answer("rocket butter", 60)
    assert ids(found) == ids(wanted)
    assert [hit.score for hit in found.hits] == pytest.approx([hit.score for hit in wanted.hits], abs=1e-5)
    # And back under the same id.
    (tmp_path / "back.jsonl").write_text(rows[7])
    assert "d07" in index.add(tmp_path / "back.jsonl")


def test_many_additions_become_one_segment(index, model):
    for number in range(9):
        index = index.add([f"rocket orbit number {number}"]).delete(["0"])
    assert len(index) == 60
    assert len(index.segments) <= 9
    assert index.answer("goal", 60).n_found == 60


def test_an_id_twice_is_refused_and_changes_nothing(index):
    index.add(["rocket"])
    before = (index.folder / "index.json").read_bytes()
    with pytest.raises(NeuralTopicError, match="1 that others have, such as '0'"):
        index.add(["goal"])
    assert (index.folder / "index.json").read_bytes() == before
    assert sorted(path.name for path in index.folder.iterdir()) == [
        "index.json",
        "model-1",
        "segment-1",
        "segment-2",
        "writer.lock",
    ]


@pytest.mark.parametrize("text", [True, False])
def test_documents_that_are_there_already_stay_once(model, tmp_path, text):
    """With and without texts, beside new ones, deleted ones and none; the answers are those of one index of all."""
    rows = [{"id": f"d{number}", "text": text, "year": number} for number, text in enumerate(sentences())]
    for name, part in (("all", rows), ("first", rows[:40]), ("later", rows[30:])):
        (tmp_path / f"{name}.jsonl").write_text("".join(json.dumps(row) + "\n" for row in part))
    whole = SearchIndex.build(tmp_path / "whole", model, tmp_path / "all.jsonl", text=text)
    grown = SearchIndex.build(tmp_path / "grown", model, tmp_path / "first.jsonl", text=text).delete(["d3", "d33"])
    with pytest.warns(NeuralTopicWarning, match="9 of 30 documents are in the index already"):
        grown = grown.add(tmp_path / "later.jsonl")
    assert len(grown) == 59
    assert "d3" not in grown
    number = grown.generation.number
    with pytest.warns(NeuralTopicWarning, match="30 of 30"):
        grown = grown.add(tmp_path / "later.jsonl")
    assert (len(grown), grown.generation.number) == (59, number)
    expected, found = whole.delete(["d3"]).answer("rocket butter", 60), grown.answer("rocket butter", 60)
    assert ids(found) == ids(expected)
    assert [hit.score for hit in found.hits] == pytest.approx([hit.score for hit in expected.hits], abs=1e-5)
    assert found.hits[0].snippet == expected.hits[0].snippet
    (tmp_path / "changed.jsonl").write_text('{"id": "d5", "text": "rocket"}\n')
    with pytest.raises(NeuralTopicError, match="1 that others have, such as 'd5'"):
        grown.add(tmp_path / "changed.jsonl")


def test_an_update_with_documents_that_are_there_embeds_all_anew(index, tmp_path):
    updated = TopicModel.load(index.folder / "model-1").partial_fit(["goal match rocket team", "moon bread oven team"])
    (tmp_path / "new.jsonl").write_text('{"id": "new", "text": "rocket goal"}\n')
    index = index.add(tmp_path / "new.jsonl")
    with pytest.warns(NeuralTopicWarning, match="1 of 1"):
        found = index.add(tmp_path / "new.jsonl", model=updated)
    assert (len(found), len(found.segments), len(found.model.updates_)) == (61, 1, 1)
    place = list(found.segments[0].ids).index("new")
    assert found.segments[0].vectors[place] == pytest.approx(updated.transform(["rocket goal"])[0], abs=1e-6)


def test_numbered_rows_of_another_file_get_its_name(model, tmp_path):
    (tmp_path / "first.txt").write_text("rocket moon\ngoal match\n")
    (tmp_path / "later.txt").write_text("bread oven\ngoal match\nmoon orbit\n")
    index = SearchIndex.build(tmp_path / "index", model, tmp_path / "first.txt")
    with pytest.warns(NeuralTopicWarning, match=r"their ids are later\.txt:1 and so on"):
        index = index.add(tmp_path / "later.txt")
    assert sorted(ids(index.answer("moon", 9))) == ["1", "2", "later.txt:1", "later.txt:2", "later.txt:3"]
    assert index.text("later.txt:1") == "bread oven"
    with pytest.warns(NeuralTopicWarning, match="3 of 3 documents are in the index already"):
        assert len(index.add(tmp_path / "later.txt")) == 5
    (tmp_path / "later.txt").write_text("oven\n")
    with pytest.raises(NeuralTopicError, match=r"1 that others have, such as 'later\.txt:1'"):
        index.add(tmp_path / "later.txt")


def test_an_open_index_keeps_its_documents(index):
    expected = index.answer("rocket", 60)
    index.delete([hit.id for hit in expected.hits[:5]])
    assert index.answer("rocket", 60) == expected


def test_one_writer(index):
    with writing(index.folder), pytest.raises(UsageError, match="another process is changing"):
        index.add(["rocket"])
    assert len(index.add(["rocket"])) == 61


def test_an_update_of_the_model_embeds_anew(index, model):
    updated = TopicModel.load(index.folder / "model-1").partial_fit(["goal match rocket team", "moon bread oven team"])
    found = index.delete(["space/00.txt"]).update(updated)
    expected = updated.transform(sentences()[3:4])[0]
    place = list(found.segments[0].ids).index("space/03.txt")
    assert found.segments[0].vectors[place] == pytest.approx(expected, abs=1e-6)
    assert len(found) == 59
    assert not np.allclose(found.segments[0].vectors[place], index.segments[0].vectors[place + 1], atol=1e-6)


def test_a_model_of_another_vocabulary_is_refused(index):
    texts = [text.replace("moon", "mars") for text in sentences(9)]
    other = TopicModel(2, preprocessing=Preprocessing(min_df=1), max_epochs=1).fit(texts)
    with pytest.raises(UsageError, match="the vocabulary of the index"):
        index.update(other)
    assert index.answer("rocket") == SearchIndex.open(index.folder).answer("rocket")


def test_every_changed_byte_is_found(index):
    files = [path for path in index.folder.rglob("*") if path.is_file() and path.name != "index.json"]
    assert len(files) > 15
    for path in files:
        content = path.read_bytes()
        path.write_bytes(content[:-1] + bytes([content[-1] ^ 1]))
        with pytest.raises(NeuralTopicError):
            SearchIndex.open(index.folder)
        path.write_bytes(content)
    assert len(SearchIndex.open(index.folder)) == 60


def test_a_missing_or_cut_file_is_found(index):
    path = index.folder / "segment-1" / "vectors.npy"
    content = path.read_bytes()
    path.write_bytes(content[:-4])
    with pytest.raises(NeuralTopicError, match="bytes; got"):
        SearchIndex.open(index.folder)
    path.unlink()
    with pytest.raises(NeuralTopicError, match=r"vectors\.npy"):
        SearchIndex.open(index.folder)


def test_rows_that_are_empty_or_unreadable(model, tmp_path):
    index = SearchIndex.build(tmp_path / "index", model, ["rocket", "", None, "zebra"])
    assert list(index.segments[0].ids) == ["0", "1", "3"]
    assert index.segments[0].topics.tolist()[1:] == [-1, -1]
    assert ids(index.answer("rocket", by="words")) == ["0"]


def test_what_is_not_one_request(shared_index):
    for options in ({}, {"query": "goal", "topic": 1}, {"query": "goal", "like": "space/00.txt"}):
        with pytest.raises(UsageError, match="one of a query"):
            shared_index.answer(**options)
    with pytest.raises(UsageError, match="n: expected a whole number of 1 or more"):
        shared_index.answer("goal", 0)
    with pytest.raises(UsageError, match="by: expected one of hybrid, words, topics"):
        shared_index.answer("goal", by="magic")
    with pytest.raises(UsageError, match="topic: expected a number from 0 to 2"):
        shared_index.answer(topic=3)
    with pytest.raises(UsageError, match="like: expected the id of a document"):
        shared_index.answer(like="nobody")
    with pytest.raises(UsageError, match="columns of the index: id, topic, n_tokens, label"):
        shared_index.answer("goal", where="year = 1")


def test_whole_numbers_keep_their_digits_where_some_are_missing(model, tmp_path):
    rows = [{"id": "a", "text": "rocket", "reply": 1234567890123456785, "price": 1 / 3}, {"id": "b", "text": "goal"}]
    (tmp_path / "rows.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    index = SearchIndex.build(tmp_path / "index", model, tmp_path / "rows.jsonl")
    fields = index.document("a")["fields"]
    assert (fields["reply"], fields["price"]) == (1234567890123456785, pytest.approx(1 / 3, abs=1e-15))
    assert index.document("b")["fields"]["reply"] is None
    assert ids(index.answer("goal", where="reply = 1234567890123456785")) == ["a"]
    assert ids(index.answer("goal", where="reply = 1234567890123456784")) == []


def test_numbers_of_numpy_and_truth_values_in_a_request(shared_index):
    answer = shared_index.answer("goal", np.int64(2), skip=np.int64(1))
    assert answer == shared_index.answer("goal", 2, skip=1)
    assert json.loads(json.dumps(answer.to_dict()))["hits"][0]["rank"] == 2
    assert shared_index.answer(topic=np.int32(2)) == shared_index.answer(topic=2)
    with pytest.raises(UsageError, match="topic: expected a number from 0 to 2; got True"):
        shared_index.answer(topic=True)


def test_what_is_no_text_is_refused(shared_index, index):
    with pytest.raises(UsageError, match="where: expected a filter as a str; got int"):
        shared_index.answer("goal", where=3)
    with pytest.raises(UsageError, match="like: expected the id of a document in the index; got 3"):
        shared_index.similar_documents(3)
    with pytest.raises(UsageError, match="id: expected the id of a document in the index; got 3"):
        index.delete([3])


def test_one_id_is_deleted_too(index):
    assert "space/00.txt" not in index.delete("space/00.txt")


def test_a_folder_that_is_no_index(tmp_path):
    with pytest.raises(UsageError, match="no such folder"):
        SearchIndex.open(tmp_path / "nothing")
    with pytest.raises(UsageError, match=r"no index\.json in it"):
        SearchIndex.open(tmp_path)


def test_an_index_is_replaced_only_with_force(index, model):
    with pytest.raises(UsageError, match="does not exist yet"):
        SearchIndex.build(index.folder, model, sentences(6))
    assert len(SearchIndex.build(index.folder, model, sentences(6), force=True)) == 6
    (index.folder / "mine.txt").write_text("kept")
    with pytest.raises(UsageError, match=r"also holds mine\.txt"):
        SearchIndex.build(index.folder, model, sentences(6), force=True)


def test_a_data_frame_of_hits(shared_index):
    table = shared_index.search("rocket", 3, where="label = 'space'")
    assert table.columns.tolist() == [
        "rank",
        "score",
        "id",
        "topic",
        "label",
        "snippet",
        "words",
        "topics",
        "embedding",
    ]
    assert table["rank"].tolist() == [1, 2, 3]
    assert shared_index.similar_documents("space/00.txt", 2)["id"].str.startswith("space/").all()


def test_an_index_of_an_earlier_version_has_no_directions(index):
    expected = index.answer("rocket butter", 60)
    facts = json.loads((index.folder / "index.json").read_text())
    del facts["files"]["segment-1/directions.npy"]
    (index.folder / "index.json").write_text(json.dumps(facts))
    (index.folder / "segment-1" / "directions.npy").unlink()
    assert SearchIndex.open(index.folder).answer("rocket butter", 60) == expected


def test_a_filter_that_is_asked_again_is_not_read_again(index):
    expected = index.answer("goal", 60, where="label = 'sport'")
    (index.folder / "segment-1" / "fields.parquet").unlink()
    assert index.answer("goal", 60, where="label = 'sport'") == expected
    assert index.answer("goal", 60).n_found == 60


def test_a_model_in_memory_finds_as_its_index(shared_index, model):
    found = model.search("rocket moon", 60)
    in_memory = dict(zip((f"{int(id):02d}.txt" for id in found["id"]), found["score"], strict=True))
    in_index = {hit.id.split("/")[1]: hit.score for hit in shared_index.answer("rocket moon", 60).hits}
    assert in_memory == pytest.approx(in_index, abs=1e-5)  # where scores are equal, ids are in another order
    assert model._ranking_of_fit() is model._ranking_of_fit()


def test_a_model_in_memory_finds_nothing_for_unknown_words(model):
    for query in ("zebra", ""):
        assert model.search(query).empty
        assert model.search(query).columns.tolist() == ["rank", "score", "id", "topic", "words", "topics"]


def test_a_model_in_memory_refuses_numbers_of_hits_below_one(model):
    for search in (
        lambda n: model.search("moon", n),
        lambda n: model.similar_documents("0", n),
        lambda n: model.find_topics("moon", n),
        lambda n: model.similar_topics(0, n),
    ):
        for n in (0, -1, 2.5):
            with pytest.raises(UsageError, match="n: expected a whole number of 1 or more"):
                search(n)


def test_a_model_of_embeddings_finds_nothing_by_topics_without_one():
    beside = np.random.default_rng(0).standard_normal((30, 4)).astype(np.float32)
    model = TopicModel(2, recipe="contextual", preprocessing=Preprocessing(min_df=1), max_epochs=1, random_state=0)
    model.fit(sentences(30), embeddings=beside)
    assert model.search("moon", by="topics").empty
    assert len(model.search("moon", by="topics", embedding=beside[0])) == 10
    assert model.search("moon", by="words").equals(model.search("moon", by="words", embedding=beside[0]))


def test_a_model_that_is_not_fitted_is_refused(model, tmp_path):
    index = SearchIndex.build(tmp_path / "index", model, ["A rocket to the moon.", "Bread and soup."])
    changes = (
        lambda model: SearchIndex.build(tmp_path / "new", model, ["A rocket to the moon."]),
        index.update,
        lambda model: index.add(["Soup."], model=model),
    )
    for change in changes:
        with pytest.raises(NotFittedError, match="not fitted yet"):
            change(TopicModel())
        with pytest.raises(UsageError, match="model: expected a fitted TopicModel; got str"):
            change("run")
    assert not (tmp_path / "new").exists()
    assert sorted(path.name for path in index.folder.iterdir()) == ["index.json", "model-1", "segment-1"]


def test_progress_of_a_stage_begins_with_nothing_done(model, tmp_path):
    """So that its time is measured from there."""
    calls = []
    SearchIndex.build(tmp_path / "index", model, sentences(), progress=lambda *call: calls.append(call))
    assert [call for call in calls if call[0] == "embedding"] == [("embedding", 0, 60), ("embedding", 60, 60)]
