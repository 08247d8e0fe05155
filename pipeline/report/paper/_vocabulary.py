"""Phrases of a paper for choices of the configuration, with references; choices not listed keep their own name."""

from pipeline.report.paper._references import cite
from pipeline.report.vocabulary import data_name, value_name

DATA = {
    "fashion_mnist": data_name("fashion_mnist") + cite("xiao2017fashion"),
    "fashion_mnist_mini": "a class-balanced part of Fashion-MNIST" + cite("xiao2017fashion"),
    **{name: data_name(name) + cite("krizhevsky2009learning") for name in ("cifar10", "cifar100")},
    **{name: f"points drawn by a formula ({name})" for name in ("linear", "folded", "square", "patterns")},
}
MODELS = {
    "layers": "networks written down layer by layer",
    "mlp": "multilayer perceptrons",
    "patch_mlp": "networks of MLPs across patches and across features" + cite("tolstikhin2021mixer"),
}
ACTIVATIONS = {
    "relu": value_name("relu") + cite("nair2010rectified"),
    "leaky_relu": value_name("leaky_relu") + cite("maas2013rectifier"),
    "gelu": value_name("gelu") + cite("hendrycks2016gaussian"),
    "tanh": "tanh" + cite("bishop2006pattern"),
    "sigmoid": "sigmoid" + cite("bishop2006pattern"),
}
RECTIFIERS = ("relu", "leaky_relu", "gelu")  # whose weights start by He's rule unless another is given
LAYERS = ACTIVATIONS | {
    "layer_norm": "layer normalisation" + cite("ba2016layer"),
    "residual": "residual blocks" + cite("he2016deep"),
    "dropout": "dropout" + cite("srivastava2014dropout"),
    "patchify": "patches" + cite("tolstikhin2021mixer"),
}
INITIALIZERS = {
    "he": "He's normal initialisation" + cite("he2015delving"),
    "glorot": "Glorot's uniform initialisation" + cite("glorot2010understanding"),
    "normal": "a normal distribution",
    "zeros": "zeros",
}
LOSSES = {
    "cross_entropy": "cross-entropy of the softmax" + cite("bishop2006pattern"),
    "binary_cross_entropy": "binary cross-entropy of the sigmoid" + cite("bishop2006pattern") + ", summed over outputs",
    "squared_error": "squared error" + cite("bishop2006pattern") + ", summed over outputs",
    "huber": "Huber's loss" + cite("huber1964robust"),
}
LOSS_OF = {"classification": "cross_entropy", "multilabel": "binary_cross_entropy", "regression": "squared_error"}
SCHEDULES = {
    "constant": "a constant rate",
    "step": "a rate that drops in steps",
    "cosine": "a cosine schedule" + cite("loshchilov2017sgdr"),
    "one_cycle": "a one-cycle schedule" + cite("smith2017super"),
}
SAMPLERS = {
    "tpe": "tree-structured Parzen estimator" + cite("bergstra2011algorithms"),
    "gp": "Gaussian process" + cite("snoek2012practical"),
    "cmaes": "CMA-ES" + cite("hansen2001completely"),
    "random": "random search" + cite("bergstra2012random"),
    "qmc": "quasi-random points" + cite("bergstra2012random"),
}
