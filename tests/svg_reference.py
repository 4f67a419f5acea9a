"""SVG-LP in NumPy, obviously right and slow: step by step as the authors' training loop goes.

Images are (batch, channels, height, width). Every convolution is a loop over the pixels of its
kernel, skip features are concatenated, biases added, edges doubled by repeating, and every frame is
encoded whenever the authors encode it.
"""

import numpy as np
from reference import sigmoid


class Statistics:
    """Running statistics of a network by the number of the layer; those of a call where batch."""

    def __init__(self, running: bool):
        self.running, self.kept = running, {}

    def __call__(self, layer, images, norm):
        old = self.kept.get(layer, (norm.running.mean, norm.running.variance))
        if self.running:
            return old
        mean, count = images.mean((0, 2, 3)), images[:, 0].size
        variance = images.var((0, 2, 3))
        new = (mean, variance * count / (count - 1))
        self.kept[layer] = tuple(0.9 * o + 0.1 * n for o, n in zip(old, new, strict=True))
        return mean, variance


def channels(values):
    return values[None, :, None, None]


def normalised(images, norm, statistics, layer):
    images = images + channels(norm.offset)
    mean, variance = statistics(layer, images, norm)
    images = (images - channels(mean)) / np.sqrt(channels(variance) + 1e-5)
    return channels(norm.scale) * images + channels(norm.shift)


def leaky(images):
    return np.where(images > 0, images, 0.2 * images)


def conv(kernel, images, stride, padding):
    images = np.pad(images, [(0, 0), (0, 0), (padding, padding), (padding, padding)])
    size = kernel.shape[0]
    edge = (images.shape[2] - size) // stride + 1
    answer = np.zeros((len(images), kernel.shape[3], edge, edge))
    for row, column in np.ndindex(edge, edge):
        window = images[:, :, stride * row :, stride * column :][:, :, :size, :size]
        answer[:, :, row, column] = np.einsum("bihw,hwio->bo", window, kernel)
    return answer


def conv_transpose(kernel, images, stride, padding):
    size, edge = kernel.shape[0], images.shape[2]
    whole = stride * (edge - 1) + size
    answer = np.zeros((len(images), kernel.shape[3], whole, whole))
    for row, column in np.ndindex(edge, edge):
        window = np.einsum("bi,hwio->bohw", images[:, :, row, column], kernel)
        answer[:, :, stride * row :, stride * column :][:, :, :size, :size] += window
    return answer[:, :, padding : whole - padding, padding : whole - padding]


def pooled(images):
    batch, count, edge, _ = images.shape
    return images.reshape(batch, count, edge // 2, 2, edge // 2, 2).max((3, 5))


def encode(network, frames, statistics, vgg):
    images, skips, layer = frames, [], 0
    for number, stage in enumerate(network.stages):
        images = pooled(images) if vgg and number else images
        for block in stage:
            stride = 1 if vgg else 2
            images = conv(block.linear.kernel, images, stride, 1)
            images = leaky(normalised(images, block.norm, statistics, layer))
            layer += 1
        skips.append(images)
    images = pooled(images) if vgg else images
    vector = conv(network.last.linear.kernel, images, 1, 0)
    vector = np.tanh(normalised(vector, network.last.norm, statistics, layer))
    return vector[:, :, 0, 0], skips


def joined(join, images, skip, vgg):
    kernel = np.concatenate([join.up.kernel, join.across.kernel], axis=2)
    if vgg:
        doubled = images.repeat(2, 2).repeat(2, 3)
        return conv(kernel, np.concatenate([doubled, skip], 1), 1, 1)
    return conv_transpose(kernel, np.concatenate([images, skip], 1), 2, 1)


def decode(network, vector, skips, statistics, vgg):
    skips, layer = list(skips), 1
    images = conv_transpose(network.first.linear.kernel, vector[:, :, None, None], 1, 0)
    images = leaky(normalised(images, network.first.norm, statistics, 0))
    for stage in network.stages:
        images = joined(stage.join, images, skips.pop(), vgg)
        images = leaky(normalised(images, stage.norm, statistics, layer))
        layer += 1
        for block in stage.blocks:
            images = conv(block.linear.kernel, images, 1, 1)
            images = leaky(normalised(images, block.norm, statistics, layer))
            layer += 1
    if vgg:
        images = conv(network.last.kernel, images, 1, 1)
    else:
        images = joined(network.last, images, skips.pop(), vgg)
    return sigmoid(images + channels(network.bias))


def linear(layer, inputs):
    return inputs @ layer.kernel + layer.bias


def lstm(cell, inputs, state):
    hidden, carried = state
    gates = inputs @ cell.kernel + cell.bias + hidden @ cell.recurrent_kernel + cell.recurrent_bias
    i, f, g, o = np.split(gates, 4, axis=1)
    carried = sigmoid(f) * carried + sigmoid(i) * np.tanh(g)
    hidden = sigmoid(o) * np.tanh(carried)
    return hidden, carried


class Recurrent:
    """The states of all LSTMs."""

    def __init__(self, networks, batch):
        self.networks, width = networks, networks.prior.memory.recurrent_kernel.shape[0]
        self.states = {name: (np.zeros((batch, width)),) * 2 for name in ("q", "p", "one", "two")}

    def belief(self, name, features):
        network = self.networks.posterior if name == "q" else self.networks.prior
        self.states[name] = lstm(network.memory, linear(network.embed, features), self.states[name])
        hidden = self.states[name][0]
        return linear(network.mean, hidden), linear(network.log_variance, hidden)

    def predict(self, features, stoch):
        network = self.networks.predictor
        hidden = linear(network.embed, np.concatenate([features, stoch], 1))
        for name, memory in zip(("one", "two"), network.memories, strict=True):
            self.states[name] = lstm(memory, hidden, self.states[name])
            hidden = self.states[name][0]
        return np.tanh(linear(network.out, hidden))


def sampled(belief, noise):
    return belief[0] + np.exp(0.5 * belief[1]) * noise


def kl(q, p):
    """As the authors write it, for log-variances."""
    ratio = np.log(np.exp(0.5 * p[1]) / np.exp(0.5 * q[1]))
    return (ratio + (np.exp(q[1]) + (q[0] - p[0]) ** 2) / (2 * np.exp(p[1])) - 0.5).sum()


def takes_skip(config, frame, context):
    """Return whether the frame before this one gives the skip features."""
    return frame < context if config.skip == "code" else frame <= context


def train(model, videos, noise, beta):
    """Return the loss, squared error and KL of each frame, and running statistics after it."""
    networks, config, vgg = model.networks, model.config, model.config.network == "vgg"
    x, recurrent = np.moveaxis(videos, -1, 2), Recurrent(model.networks, len(videos))
    of_encoder, of_decoder = Statistics(False), Statistics(False)
    errors, nats, frames = [], [], []
    for i in range(1, x.shape[1]):
        h, s = encode(networks.encoder, x[:, i - 1], of_encoder, vgg)
        target, _ = encode(networks.encoder, x[:, i], of_encoder, vgg)
        if takes_skip(config, i, config.known_frames):
            skip = s
        q, p = recurrent.belief("q", target), recurrent.belief("p", h)
        predicted = recurrent.predict(h, sampled(q, noise[i - 1]))
        frames.append(decode(networks.decoder, predicted, skip, of_decoder, vgg))
        errors.append(((frames[-1] - x[:, i]) ** 2).mean())
        nats.append(kl(q, p) / len(videos))
    total = sum(errors) + beta * sum(nats)
    return total, errors, nats, (of_encoder.kept, of_decoder.kept), np.moveaxis(frames, 2, -1)


def forecast(model, contexts, noise, running):
    """Return the frames after the context, for noise (steps, batch, stoch)."""
    networks, config, vgg = model.networks, model.config, model.config.network == "vgg"
    x, recurrent = np.moveaxis(contexts, -1, 2), Recurrent(model.networks, len(contexts))
    statistics, context, found = Statistics(running), contexts.shape[1], []
    frame, of_decoder = x[:, 0], Statistics(running)
    for i in range(1, len(noise) + 1):
        h, s = encode(networks.encoder, frame, statistics, vgg)
        if takes_skip(config, i, context):
            skip = s
        p = recurrent.belief("p", h)
        if i < context:
            target, _ = encode(networks.encoder, x[:, i], statistics, vgg)
            recurrent.predict(h, sampled(recurrent.belief("q", target), noise[i - 1]))
            frame = x[:, i]
        else:
            predicted = recurrent.predict(h, sampled(p, noise[i - 1]))
            frame = decode(networks.decoder, predicted, skip, of_decoder, vgg)
            found.append(frame)
    return np.moveaxis(found, (1, 2), (0, -1))
