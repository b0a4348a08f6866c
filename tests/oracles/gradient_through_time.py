"""Gradient in each state of recurrent cells, by carrying vectors back in NumPy loops."""

import numpy as np


def plain(W, U, b, x, last, slope):
    """|dL/dh_t| of h_t = f(W x_t + U h_{t-1} + b) for L = last' h_T; `slope` gives f and f' of z."""
    h, slopes = np.zeros(len(U)), []
    for x_t in x:
        h, s = slope(W @ x_t + U @ h + b)
        slopes.append(s)
    signal, norms = np.array(last, dtype=float), []
    for s in reversed(slopes):
        norms.append(np.linalg.norm(signal))
        signal = U.T @ (s * signal)  # delta_{t,k} = diag(f'(z_k)) U' delta_{t,k+1}, note 003 (2.25)
    return np.array(norms[::-1])


def lstm(W, U, b, x, last):
    """|dL/dh_t| and |dL/dc_{t-1}|, the latter without the way by h, of an LSTM with gates [i, f, g, o]."""
    H = U.shape[1]
    h, c, kept = np.zeros(H), np.zeros(H), []
    for x_t in x:
        z = W @ x_t + U @ h + b
        i, f, o = (1 / (1 + np.exp(-z[k * H : (k + 1) * H])) for k in (0, 1, 3))
        g, before = np.tanh(z[2 * H : 3 * H]), c
        c = f * c + i * g
        h = o * np.tanh(c)
        kept.append((i, f, g, o, before, c))
    dh, dc, in_h, in_c = np.array(last, dtype=float), np.zeros(H), [], []
    for i, f, g, o, before, c in reversed(kept):
        in_h.append(np.linalg.norm(dh))
        dc = dc + dh * o * (1 - np.tanh(c) ** 2)
        dz = np.concatenate([dc * g * i * (1 - i), dc * before * f * (1 - f), dc * i * (1 - g**2)])
        dz = np.concatenate([dz, dh * np.tanh(c) * o * (1 - o)])
        dh, dc = U.T @ dz, dc * f
        in_c.append(np.linalg.norm(dc))
    return np.array(in_h[::-1]), np.array(in_c[::-1])
