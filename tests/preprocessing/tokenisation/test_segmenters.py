import pytest

from neuraltopic.errors import UsageError
from neuraltopic.preprocessing.preprocessor import Preprocessor
from neuraltopic.preprocessing.settings import Preprocessing
from neuraltopic.preprocessing.tokenisation.segmenters import Segmentation, find_segmenter
from neuraltopic.reading.rows import Row


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("我们昨天讨论了望远镜和星系。", "我们 昨天 讨论 了 望远镜 和 星系"),
        ("昨日は望遠鏡と銀河について話しました", "昨日 は 望遠鏡 と 銀河 について 話 しま した"),
        ("เมื่อวานนี้เราคุยเรื่องกล้องโทรทรรศน์", "เมื่อ วาน นี้ เรา คุย เรื่อง กล้องโทรทรรศน์"),
        ("ສະບາຍດີທ່ານ", "ສະບາຍດີ ທ່ານ"),
        ("ខ្ញុំស្រលាញ់ប្រទេសកម្ពុជា", "ខ្ញុំ ស្រលាញ់ ប្រទេស កម្ពុជា"),
        ("ကျွန်တော်မြန်မာစကားပြောတယ်", "ကျွန်တော် မြန်မာ စကားပြော တယ်"),
        ("买iPhone手机😀很好", "买 iPhone 手机 😀 很好"),
        ("𠀋字典", "𠀋 字典"),  # a character beyond 16 bits
        ("ｶﾀｶﾅとカタカナ", "カタカナ と カタカナ"),
    ],
)
def test_words_of_scripts_without_spaces(text, expected):
    segmentation = Segmentation()
    assert segmentation(text).strip("。 ").split() == expected.split()
    assert segmentation.identity_for(["word", *expected.split()])["name"] == "icu"


@pytest.mark.parametrize("text", ["plain text", "한국어 문장", "слово", "我们 昨天 讨论 望远镜座 和 星系团"])
def test_other_text_and_text_that_is_cut_stay_as_they_are(text):
    segmentation = Segmentation()
    assert segmentation(text) == text


def test_a_segmenter_is_named_only_where_a_form_is_of_a_script_that_it_cuts():
    assert Segmentation().identity_for(["plain", "café", "слово", "단어"]) == {}


def test_another_segmenter_cuts_the_scripts_that_it_is_for():
    pytest.importorskip("rjieba")
    segmentation = Segmentation("rjieba")
    assert segmentation("我们讨论望远镜").split() == ["我们", "讨论", "望远镜"]
    assert segmentation("เราคุย").split() == ["เรา", "คุย"]
    assert segmentation.identity_for(["词"])["name"] == "rjieba"


def test_a_segmenter_that_is_not_installed_is_a_usage_error(monkeypatch):
    from importlib.metadata import PackageNotFoundError

    def version(package):
        raise PackageNotFoundError(package)

    monkeypatch.setattr("neuraltopic.preprocessing.tokenisation.segmenters.version", version)
    with pytest.raises(UsageError, match=r"pip install 'neuraltopic\[segmentation\]'"):
        find_segmenter("sudachi").require_installed()


def test_the_segmenter_is_saved_where_a_text_needed_it():
    settings = Preprocessing(min_df=1, max_df=1.0)
    chinese, english = Preprocessor(settings), Preprocessor(settings)
    chinese.fit_transform([Row("a", "我们昨天讨论了望远镜和星系", {})])
    english.fit_transform([Row("a", "We talked about telescopes", {})])
    assert chinese.state()["segmenter"] == find_segmenter("icu").identity
    assert english.state()["segmenter"] == {}
    assert set(chinese.vocabulary.words) == {"昨天", "望远镜", "星系", "讨论"}
