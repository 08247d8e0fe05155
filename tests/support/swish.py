"""A user's my_layers.py, as a text that tests add to."""

SWISH = """
from dataclasses import dataclass
import torch
import scratchnet as sn
from scratchnet.layers import Elementwise

class Swish(Elementwise):
    def function(self, x):
        return x * x.sigmoid(), x
    def derivative(self, saved):
        s = saved.sigmoid()
        return s + saved * s * (1 - s)

"""
