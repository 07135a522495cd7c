"""Example calls of each command, which its `--help` prints; a test parses every one."""

EXAMPLES = {
    "": (
        "neuraltopic corpus lee news",
        "neuraltopic fit news -k 10 -o run",
        "neuraltopic topics run",
        "neuraltopic fit --help",
    ),
    "fit": (
        "neuraltopic fit texts/ -o run -k 50",
        "neuraltopic fit news.csv --text body --id url -o run --seed 1",
        "neuraltopic fit news.csv --text body --dry-run",
    ),
    "update": ("neuraltopic update run december.csv --text body -o run-december",),
    "choose-k": ("neuraltopic choose-k texts/ -o choice --range 10:100 --steps 5",),
    "compare": ("neuraltopic compare texts/ -o comparison -k 20 --models default,lda,nmf",),
    "topics show": ("neuraltopic topics run", "neuraltopic topics run --words 20 --ranking lift --json"),
    "topics hierarchy": ("neuraltopic topics hierarchy run",),
    "topics name": ("neuraltopic topics name run --dry-run",),
    "topics edit": (
        "neuraltopic topics edit run merge 3 7",
        "neuraltopic topics edit run rename 3 'space flight'",
        "neuraltopic topics edit run undo",
    ),
    "report": ("neuraltopic report run", "neuraltopic report run -o page.html --no-text"),
    "plot": ("neuraltopic plot topics run -o topics.pdf",),
    "over-time": ("neuraltopic over-time run --by date --every year -o years.csv",),
    "per-class": ("neuraltopic per-class run --by label --words 5",),
    "effects": ("neuraltopic effects run --formula 'source + year'",),
    "evaluate": (
        "neuraltopic evaluate run held-out/",
        "neuraltopic evaluate run held-out.csv --text body --per-topic -o figures.csv",
    ),
    "drift": ("neuraltopic drift run december.csv --text body",),
    "inspect": ("neuraltopic inspect run --verify",),
    "embed": ("neuraltopic embed run december.csv --text body -o vectors",),
    "index": (
        "neuraltopic index run -o news.index",
        "neuraltopic index run december.csv --text body -o news.index --add",
    ),
    "search": (
        "neuraltopic search news.index 'moon landing'",
        "neuraltopic search news.index --like doc-17 --where 'year >= 2015'",
    ),
    "serve": ("neuraltopic serve news.index --port 8080",),
    "export": ("neuraltopic export run topic-words -o words.csv", "neuraltopic export run documents --format json"),
    "corpus": ("neuraltopic corpus --list", "neuraltopic corpus lee news"),
    "images fit": ("neuraltopic images fit mnist.npz --latent 2 -o digits",),
    "images evaluate": ("neuraltopic images evaluate digits mnist.npz",),
    "images reconstruct": ("neuraltopic images reconstruct digits mnist.npz -o images.png",),
    "images sample": ("neuraltopic images sample digits -o samples.png",),
    "images manifold": ("neuraltopic images manifold digits -o manifold.png",),
}
