"""`neuraltopic images ...`: one file per command, and the pictures in one."""

import typer

from neuraltopic.cli.common.help import Command
from neuraltopic.cli.images.evaluate import evaluate
from neuraltopic.cli.images.fit import fit
from neuraltopic.cli.images.pictures import manifold, reconstruct, sample

images = typer.Typer(name="images", rich_markup_mode=None, help="Fit, evaluate and draw models of images.")
for command in (fit, evaluate, manifold, reconstruct, sample):
    images.command(cls=Command)(command)
