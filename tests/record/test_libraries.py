"""Models of another library, and the trainers of two, as they are."""

from __future__ import annotations

import copy

import numpy as np
import pytest
import torch
import torch.nn.functional as F  # noqa: N812
from loops import batches, network
from plain import hooks_on, plain_run, same, tensors_in
from torch import nn

from layerwise.record import Keep, record, recording

pytestmark = [
    pytest.mark.filterwarnings("ignore:.*torch.jit:DeprecationWarning"),
    pytest.mark.filterwarnings("ignore:.*LeafSpec:FutureWarning"),
    pytest.mark.filterwarnings("ignore:.*does not have many workers:UserWarning"),
    pytest.mark.filterwarnings("ignore:.*no `val_dataloader`:UserWarning"),
    pytest.mark.filterwarnings("ignore:.*pin_memory:UserWarning"),
]


def bert():
    from transformers import BertConfig, BertForSequenceClassification

    config = BertConfig(vocab_size=30, hidden_size=16, num_hidden_layers=2, num_attention_heads=2,
                        intermediate_size=20, max_position_embeddings=12)  # fmt: skip
    words = torch.randint(1, 30, (2, 6))
    return BertForSequenceClassification(config), {
        "input_ids": words, "attention_mask": torch.tensor([[1] * 6, [1] * 4 + [0] * 2]),
        "labels": torch.tensor([0, 1]),
    }  # fmt: skip


def gpt2():
    from transformers import GPT2Config, GPT2LMHeadModel

    config = GPT2Config(vocab_size=30, n_embd=16, n_layer=2, n_head=2, n_positions=12,
                        bos_token_id=0, eos_token_id=0)  # fmt: skip
    words = torch.randint(1, 30, (2, 6))
    return GPT2LMHeadModel(config), {"input_ids": words, "labels": words}


def resnet():
    from transformers import ResNetConfig, ResNetForImageClassification

    config = ResNetConfig(embedding_size=8, hidden_sizes=[8, 16], depths=[1, 2],
                          layer_type="basic", num_labels=3)  # fmt: skip
    return ResNetForImageClassification(config), {
        "pixel_values": torch.randn(2, 3, 32, 32), "labels": torch.tensor([0, 2])
    }  # fmt: skip


def vit():
    from transformers import ViTConfig, ViTForImageClassification

    config = ViTConfig(hidden_size=16, num_hidden_layers=2, num_attention_heads=2,
                       intermediate_size=20, image_size=16, patch_size=8, num_labels=3)  # fmt: skip
    return ViTForImageClassification(config), {
        "pixel_values": torch.randn(2, 3, 16, 16), "labels": torch.tensor([0, 2])
    }  # fmt: skip


@pytest.mark.parametrize("training", [False, True], ids=["evaluation", "training"])
@pytest.mark.parametrize("case", [bert, gpt2, resnet, vit])
def test_a_models_every_module_and_gradient(case, training):
    torch.manual_seed(0)
    model, batch = case()
    model.train(training)
    torch.manual_seed(1)
    with torch.no_grad():
        plain = plain_run(model, batch)
    other = copy.deepcopy(model)
    torch.manual_seed(1)
    other(**batch).loss.backward()
    torch.manual_seed(1)
    trace = record(copy.deepcopy(model), batch)
    torch.manual_seed(1)
    with_gradients = record(model, batch, backward=True)
    known = {site.name for site in trace.sites}
    compared = 0
    for name, tensor in plain.leaves.items():
        if name in known:
            assert same(trace[name, 0], tensor), name
            compared += 1
    assert compared == len(plain.leaves), set(plain.leaves) - known
    assert same(with_gradients["loss", 0].reshape(()), plain.output.loss)
    for name, parameter in other.named_parameters():
        if parameter.grad is not None:
            assert same(with_gradients[f"{name}.gradient", 0], parameter.grad), name
    assert hooks_on(model) == 0
    assert all(parameter.grad is None for parameter in model.parameters())
    order = {site.name: number for number, site in enumerate(trace.sites)}
    for site in trace.sites:
        assert all(order[source] < order[site.name] for source in site.inputs)
    inputs = {site.name for site in trace.sites if site.kind == "input"}
    assert inputs == {f"input.{name}" for name in batch}
    assert all(len(tensors_in(batch[name.split(".")[1]])) for name in inputs)


class Lit:
    """Made where it is used, so that Lightning is loaded only then."""

    def __new__(cls, seed=0):
        import lightning

        class Module(lightning.LightningModule):
            def __init__(self):
                super().__init__()
                self.net = network(seed)
                self.losses = []

            def training_step(self, batch, number):
                x, y = batch
                loss = F.cross_entropy(self.net(x), y)
                self.losses.append(loss.item())
                return loss

            def validation_step(self, batch, number):
                self.net(batch[0])

            def configure_optimizers(self):
                return torch.optim.Adam(self.parameters())

        return Module()


def lightning_fit(model):
    import lightning

    x, y = (torch.cat(parts) for parts in zip(*batches(), strict=True))
    loader = torch.utils.data.DataLoader(torch.utils.data.TensorDataset(x, y), batch_size=10)
    torch.manual_seed(3)
    lightning.Trainer(
        max_epochs=1, accelerator="cpu", devices=1, logger=False, enable_checkpointing=False,
        enable_progress_bar=False, enable_model_summary=False, num_sanity_val_steps=1,
    ).fit(model, loader, loader)  # fmt: skip
    return model.losses


@pytest.mark.parametrize("keep", [Keep(), Keep(every=1, neurons=None, samples=None)])
@pytest.mark.parametrize("whole", [True, False])
def test_lightning(keep, whole):
    bare, model = Lit(), Lit()
    expected = lightning_fit(bare)
    with recording(model if whole else model.net, keep) as rec:
        losses = lightning_fit(model)
    assert losses == expected
    for ours, theirs in zip(model.parameters(), bare.parameters(), strict=True):
        assert torch.equal(ours, theirs)
    assert np.float32(rec.trace.series("loss")[1]).tolist() == np.float32(losses).tolist()
    assert ("net.0" if whole else "0", 0) in rec.trace
    assert hooks_on(model) == 0


def test_hugging_face_trainer(tmp_path):
    from transformers import Trainer, TrainingArguments

    seen: list[float] = []

    class Watched(Trainer):
        def compute_loss(self, model, inputs, **more):
            loss = super().compute_loss(model, inputs, **more)
            seen.append(loss.item())
            return loss

    def learn(watched):
        torch.manual_seed(0)
        model, _ = bert()
        words = torch.randint(1, 30, (12, 6), generator=torch.Generator().manual_seed(2))
        rows = [{"input_ids": row, "attention_mask": torch.ones_like(row), "labels": number % 2}
                for number, row in enumerate(words)]  # fmt: skip
        options = TrainingArguments(
            str(tmp_path), num_train_epochs=1, per_device_train_batch_size=4, report_to=[],
            use_cpu=True, save_strategy="no", logging_strategy="no", disable_tqdm=True, seed=4,
        )  # fmt: skip
        trainer = Watched(model, options, train_dataset=rows)
        seen.clear()
        if watched:
            with recording(model, Keep(every=1)) as rec:
                trainer.train()
            return model, [*seen], rec.trace
        trainer.train()
        return model, [*seen], None

    bare, expected, _ = learn(False)
    model, losses, trace = learn(True)
    assert losses == expected
    for ours, theirs in zip(model.parameters(), bare.parameters(), strict=True):
        assert torch.equal(ours, theirs)
    assert np.float32(trace.series("loss")[1]).tolist() == np.float32(losses).tolist()
    assert ("input.input_ids", 0) in trace
    assert ("classifier", 2) in trace
    assert hooks_on(model) == 0
    assert isinstance(model, nn.Module)
