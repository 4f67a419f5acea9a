"""VTA written as obviously as can be: NumPy, video by video, frame by frame, in float64."""

import numpy as np
from reference import gaussian_kl, gaussian_log_prob, sigmoid

CERTAIN = np.log(0.999 / 0.001)


def elu(x):
    return np.where(x > 0, x, np.expm1(np.minimum(x, 0)))


def normalised(norm, x, moments: list):
    """Batch normalisation of (..., channels); the moments that it was by are noted."""
    axes = tuple(range(x.ndim - 1))
    mean, variance, count = x.mean(axes), x.var(axes), x.size // x.shape[-1]
    moments.append((mean, variance * count / (count - 1)))
    return np.asarray(norm.scale) * (x - mean) / np.sqrt(variance + 1e-5) + np.asarray(norm.shift)


def convolved(kernel, x, stride: int, pad: int):
    """Correlate (frames, height, width, in) with a kernel (4, 4, in, out)."""
    x = np.pad(x, [(0, 0), (pad, pad), (pad, pad), (0, 0)])
    edge = (x.shape[1] - 4) // stride + 1
    answer = np.zeros((len(x), edge, edge, kernel.shape[-1]))
    for row in range(edge):
        for column in range(edge):
            top, left = stride * row, stride * column
            window = x[:, top : top + 4, left : left + 4]
            answer[:, row, column] = np.einsum("nhwi,hwio->no", window, kernel)
    return answer


def spread(kernel, x, stride: int, pad: int):
    """Spread (frames, height, width, in) by a kernel (4, 4, out, in)."""
    edge = stride * (x.shape[1] - 1) + 4
    answer = np.zeros((len(x), edge, edge, kernel.shape[2]))
    for row in range(x.shape[1]):
        for column in range(x.shape[2]):
            top, left = stride * row, stride * column
            window = np.einsum("ni,hwoi->nhwo", x[:, row, column], kernel)
            answer[:, top : top + 4, left : left + 4] += window
    return answer[:, pad : edge - pad, pad : edge - pad]


def encode(encoder, frames, moments):
    x = frames
    for number, (kernel, norm) in enumerate(zip(encoder.convolutions, encoder.norms, strict=True)):
        last = number == len(encoder.norms) - 1
        x = convolved(np.asarray(kernel), x, *((1, 0) if last else (2, 1)))
        x = elu(normalised(norm, x, moments))
    return x[:, 0, 0]


def decode(decoder, features, moments):
    x = features[:, None, None]
    *kernels, last = map(np.asarray, decoder.convolutions)
    for number, (kernel, norm) in enumerate(zip(kernels, decoder.norms, strict=True)):
        x = spread(kernel, x, *((1, 0) if number == 0 else (2, 1)))
        x = elu(normalised(norm, x, moments))
    return np.tanh(spread(last, x, 2, 1) + np.asarray(decoder.bias))


def over_time(kernel, x):
    padded = np.pad(x, [(0, 0), (1, 1), (0, 0)])
    answer = np.zeros((*x.shape[:2], kernel.shape[-1]))
    for t in range(x.shape[1]):
        answer[:, t] = np.einsum("bki,kio->bo", padded[:, t : t + 3], kernel)
    return answer


def detect(detector, encodings, moments):
    x = encodings
    for kernel, norm in zip(detector.convolutions, detector.norms, strict=True):
        x = elu(normalised(norm, over_time(np.asarray(kernel), x), moments))
    return over_time(np.asarray(detector.last), x) + np.asarray(detector.bias)


def affine(layer, *parts):
    return np.concatenate(parts) @ np.asarray(layer.kernel) + np.asarray(layer.bias)


def memory(gru, x, h):
    """PyTorch's GRUCell; columns in the order update, reset, candidate."""
    of_x = np.split(x @ np.asarray(gru.kernel) + np.asarray(gru.bias), 3)
    of_h = np.split(h @ np.asarray(gru.recurrent_kernel) + np.asarray(gru.recurrent_bias), 3)
    update, reset = sigmoid(of_x[0] + of_h[0]), sigmoid(of_x[1] + of_h[1])
    return (1 - update) * np.tanh(of_x[2] + reset * of_h[2]) + update * h


def head(layers, *parts):
    return affine(layers.mean, *parts), sigmoid(affine(layers.stddev, *parts))


def log_softmax(x):
    return x - np.log(np.exp(x).sum(-1, keepdims=True))


def concrete(logits, y, tau):
    terms = logits - tau * y
    return terms.sum() - 2 * np.log(np.exp(terms).sum())


def one_video(levels, encodings, read, noise, init, counted):
    """Return what the decoder reads, the KL and the priors of boundaries, frame by frame."""
    size, frames = levels.past.size, len(encodings)
    past, segment, ahead = (np.zeros((frames, size)) for _ in range(3))
    h, within = np.zeros(size), np.zeros(size)
    for t in range(frames):
        past[t] = h = memory(levels.past, encodings[t], h)
        segment[t] = within = memory(levels.segment, encodings[t], (1 - read[t]) * within)
    h = np.zeros(size)
    for t in reversed(range(frames)):
        ahead[t] = memory(levels.ahead, encodings[t], h)
        h = (1 - read[t]) * ahead[t]
    slow, fast, belief_a, belief_o, z, s = levels.slow, levels.fast, None, None, None, None
    shown, kl_a, kl_o, logits = [], [], [], []
    for n in range(counted):
        t = init + n
        if n == 0:
            belief_a = past[t - 1]
        elif read[t]:
            belief_a = memory(slow.memory, z, belief_a)
        mean, stddev = head(slow.posterior, past[t - 1], ahead[t])
        kl_a.append(read[t] * gaussian_kl(mean, stddev, *head(slow.prior, belief_a)))
        if read[t]:
            z = mean + stddev * noise.slow[n]
        above = affine(slow.feature, belief_a, z)
        copied = None if read[t] else memory(fast.memory, np.concatenate([s, above]), belief_o)
        belief_o = above if read[t] else copied
        mean, stddev = head(fast.posterior, segment[t], above)
        kl_o.append(gaussian_kl(mean, stddev, *head(fast.prior, belief_o)))
        s = mean + stddev * noise.fast[n]
        shown.append(affine(fast.feature, belief_o, s))
        logits.append(affine(levels.boundary, shown[-1]))
    return np.array(shown), np.array(kl_a), np.array(kl_o), logits


def limits(logits, read, max_segments, max_length):
    """Set the logits of the frame after each, where segments are too many or too long."""
    found, segments, length = [], 0, 0
    for now, begins in zip(logits, read, strict=True):
        segments, length = (segments + 1, 1) if begins else (segments, length + 1)
        if length >= max_length:
            now = np.array([CERTAIN, -CERTAIN])
        elif segments >= max_segments:
            now = np.array([-CERTAIN, CERTAIN])
        found.append(now)
    return found


def loss(model, videos, noise, step):
    """Return the parts of the loss, mean nats per frame, and moments of all normalisations."""
    config, networks, init, moments = model.config, model.networks, model.config.edge_frames, []
    tau = 0.9 * 0.999 ** (step / 100) + 0.1
    batch, frames = videos.shape[:2]
    counted = frames - 2 * init
    encodings = encode(networks.encoder, videos.reshape(-1, *videos.shape[2:]), moments)
    encodings = encodings.reshape(batch, frames, -1)
    q = detect(networks.detector, encodings, moments)
    y = log_softmax((q + noise.boundaries) / tau)
    read = (y[..., 0] >= y[..., 1]).astype(float)
    read[:, : init + 1], read[:, frames - init :] = 1, 1
    shown, kl_a, kl_o, kl_m = [], [], [], []
    for b in range(batch):
        own = type(noise)(noise.boundaries[b], noise.slow[b], noise.fast[b])
        found = one_video(networks.levels, encodings[b], read[b], own, init, counted)
        shown.append(found[0])
        kl_a.append(found[1])
        kl_o.append(found[2])
        begins = read[b, init : init + counted]
        p = limits(found[3], begins, config.max_segments, config.max_segment_length)
        for n in range(counted):
            t = init + n + 1
            kl_m.append(concrete(q[b, t], y[b, t], tau) - concrete(p[n], y[b, t], tau))
    decoded = decode(networks.decoder, np.concatenate(shown), moments)
    targets = videos[:, init : init + counted].reshape(decoded.shape)
    nll = [
        -gaussian_log_prob(x.ravel(), mean.ravel(), config.decoder_stddev)
        for x, mean in zip(targets, decoded, strict=True)
    ]
    parts = {
        "nll": np.mean(nll),
        "kl_observation": np.mean(kl_o),
        "kl_abstract": np.mean(kl_a),
        "kl_boundary": np.mean(kl_m),
        "read_rate": np.mean(read[:, init : init + counted]),
    }
    return parts, moments
