"""Languages by their codes and names, as people write them."""

import re

from neuraltopic.errors import UsageError

AUTO = "auto"

# A language a line: the code used here (ISO 639-1, or 639-3 where there is none), the English name, then other codes
# and names: ISO 639-2 and 639-3, the language's own name, closely related codes that share its words.
_TABLE = """
aa Afar aar; ab Abkhazian abk; ae Avestan ave; af Afrikaans afr; ak Akan aka twi tw; am Amharic amh; an
Aragonese arg; ar Arabic ara arb arz ary العربية; as Assamese asm; av Avaric ava; ay Aymara aym; az
Azerbaijani aze azj azeri; ba Bashkir bak; be Belarusian bel беларуская; bg Bulgarian bul български; bh
Bihari bih; bi Bislama bis; bm Bambara bam; bn Bengali ben bangla বাংলা; bo Tibetan bod tib; br Breton bre;
bs Bosnian bos bosanski; ca Catalan cat català valencian; ce Chechen che; ch Chamorro cha; ckb Sorani sdh;
co Corsican cos; cr Cree cre; cs Czech ces cze čeština česky; cu Slavonic chu; cv Chuvash chv; cy Welsh cym
wel cymraeg; da Danish dan dansk; de German deu ger deutsch gsw; dsb Lower_Sorbian; dv Divehi div; dz
Dzongkha dzo; ee Ewe ewe; el Greek ell gre ελληνικά; en English eng pcm; eo Esperanto epo; es Spanish spa
español espanol castellano castilian; et Estonian est ekk eesti; eu Basque eus baq euskara; fa Persian fas
per pes prs farsi dari فارسی; ff Fulah ful fuv; fi Finnish fin suomi; fj Fijian fij; fo Faroese fao; fr
French fra fre français francais; fy Frisian fry; ga Irish gle gaeilge; gd Gaelic gla; gl Galician glg
galego; gn Guarani grn gug; grc Ancient_Greek; gu Gujarati guj; gv Manx glv; ha Hausa hau; he Hebrew heb iw
עברית; hi Hindi hin हिन्दी; ho Hiri_Motu hmo; hr Croatian hrv hrvatski; hsb Upper_Sorbian; ht Haitian hat;
hu Hungarian hun magyar; hy Armenian hye arm; hz Herero her; ia Interlingua ina; id Indonesian ind in
bahasa; ie Interlingue ile; ig Igbo ibo; ii Nuosu iii; ik Inupiaq ipk; io Ido ido; is Icelandic isl ice
íslenska; it Italian ita italiano; iu Inuktitut iku; ja Japanese jpn jp 日本語; jv Javanese jav; ka Georgian
kat geo ქართული; kg Kongo kon; ki Kikuyu kik; kj Kuanyama kua; kk Kazakh kaz; kl Kalaallisut kal
greenlandic; km Khmer khm cambodian; kmr Kurmanji ku kur kurdish; kn Kannada kan; ko Korean kor kr 한국어; ks
Kashmiri kas; kv Komi kom; kw Cornish cor; ky Kyrgyz kir; la Latin lat; lb Luxembourgish ltz; lg Ganda lug
luganda; li Limburgish lim; lij Ligurian; ln Lingala lin; lo Lao lao laotian ລາວ; lt Lithuanian lit
lietuvių; lu Luba lub; lv Latvian lav lvs latviešu; mg Malagasy mlg; mh Marshallese mah; mi Maori mri mao;
mk Macedonian mkd mac; ml Malayalam mal; mn Mongolian mon; mr Marathi mar; ms Malay msa may zsm melayu; mt
Maltese mlt; my Burmese mya bur myanmar; na Nauru nau; nb Norwegian nob nor no nn nno norsk bokmål bokmal
nynorsk; nd Ndebele nde nr; ne Nepali nep npi; ng Ndonga ndo; nl Dutch nld dut nederlands flemish; nv Navajo
nav; ny Chichewa nya; oc Occitan oci; oj Ojibwa oji; om Oromo orm; or Odia ori ory oriya; os Ossetian oss;
pa Punjabi pan; pi Pali pli; pl Polish pol polski; ps Pashto pus pbt; pt Portuguese por português portugues
brazilian_portuguese;
qu Quechua que; rm Romansh roh; rn Rundi run; ro Romanian ron rum mo moldavian română romana; ru Russian rus
русский; rw Kinyarwanda kin; sa Sanskrit san; sc Sardinian srd; sd Sindhi snd; se Northern_Sami sme; sg
Sango sag; si Sinhala sin sinhalese; sk Slovak slk slo slovenčina; sl Slovenian slv slovene slovenščina; sm
Samoan smo; sn Shona sna; so Somali som; sq Albanian sqi alb shqip; sr Serbian srp srl српски srpski; ss
Swati ssw; st Sotho sot nso; su Sundanese sun; sv Swedish swe svenska; sw Swahili swa swh kiswahili; ta
Tamil tam தமிழ்; te Telugu tel; tg Tajik tgk; th Thai tha ไทย; ti Tigrinya tir; tk Turkmen tuk; tl Tagalog
tgl fil filipino; tn Tswana tsn; to Tonga ton; tr Turkish tur türkçe turkce; ts Tsonga tso; tt Tatar tat; ty
Tahitian tah; ug Uyghur uig; uk Ukrainian ukr ua українська; ur Urdu urd اردو; uz Uzbek uzb uzn uzs; ve
Venda ven; vi Vietnamese vie vn tiếng_việt; vo Volapük vol; wa Walloon wln; wo Wolof wol; xh Xhosa xho; yi
Yiddish yid; yo Yoruba yor; za Zhuang zha; zh Chinese zho chi cmn wuu yue mandarin cantonese
simplified_chinese traditional_chinese cn 中文; zu Zulu zul
"""


def _read_table() -> tuple[dict[str, str], dict[str, str]]:
    codes: dict[str, str] = {}
    names: dict[str, str] = {}
    for entry in _TABLE.split(";"):
        code, name, *others = (part.replace("_", " ") for part in entry.split())
        code = code.strip()
        names[code] = name
        codes |= dict.fromkeys([name.lower(), *others], code)
    return codes | {code: code for code in names}, names


_CODES, _NAMES = _read_table()


def language_name(code: str) -> str:
    """English name of the language of a code; the code where there is none."""
    return _NAMES.get(code, code)


def language_code(written: str) -> str:
    """The code of a language from a code, a locale or a name: "DE", "de-DE", "de_AT.UTF-8", "deu", "german".

    Raises
    ------
    UsageError
        When it names no language.
    """
    whole = written.strip().lower()
    for part in (whole, re.split(r"[-_.]", whole)[0]):
        if part in _CODES or part == AUTO:
            return _CODES.get(part, part)
    raise UsageError(
        "language",
        expected="auto, or the code or English name of a language, such as de, de-DE or german",
        got=repr(written),
        hint="Correct it, or leave the language out: it is then detected",
    )
