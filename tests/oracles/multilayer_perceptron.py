"""A multilayer perceptron in loops: one row at a time, one unit at a time, chain rule by hand."""

import math

import numpy as np


def outputs(weights, biases, x, f=math.tanh):
    """Outputs of one row, and the activations of every layer."""
    layers = [list(x)]
    for number, (W, b) in enumerate(zip(weights, biases), 1):
        row = [sum(W[j][k] * layers[-1][k] for k in range(len(layers[-1]))) + b[j] for j in range(len(b))]
        layers.append(row if number == len(weights) else [f(z) for z in row])
    return layers[-1], layers


def softmax(z):
    largest = max(z)
    e = [math.exp(value - largest) for value in z]
    return [value / sum(e) for value in e]


def gradients(weights, biases, X, y):
    """Mean cross-entropy of tanh layers, and its gradients."""
    dW, db = [np.zeros_like(W) for W in weights], [np.zeros_like(b) for b in biases]
    total = 0.0
    for x, label in zip(X, y):
        z, layers = outputs(weights, biases, x)
        p = softmax(z)
        total -= math.log(p[label])
        delta = [p[k] - (k == label) for k in range(len(p))]
        for number in range(len(weights) - 1, -1, -1):
            below = layers[number]
            for j, d in enumerate(delta):
                db[number][j] += d / len(X)
                for k, a in enumerate(below):
                    dW[number][j, k] += d * a / len(X)
            if number:
                W = weights[number]
                delta = [sum(d * W[j][k] for j, d in enumerate(delta)) * (1 - a * a) for k, a in enumerate(below)]
    return total / len(X), dW, db
