"""What a learner finds in a data set and a model."""

from torch import nn

from core.theory.xor.inside import inspected
from core.xor import Config, XORDataset, inside


def test_what_is_found_is_what_is_there():
    found, dataset = inside(Config(hidden=3, seed=7)), XORDataset(200, seed=7)
    point, label = dataset[0]
    assert (found.length, found.point, found.label) == (200, tuple(point.tolist()), int(label))
    assert (found.batch, found.batch_labels) == ((8, 2), (8,))
    assert len(found.labels) == 8
    assert found.parameters == (
        ("linear1.weight", (3, 2)),
        ("linear1.bias", (3,)),
        ("linear2.weight", (1, 3)),
        ("linear2.bias", (1,)),
    )
    assert found.printed.startswith("SimpleClassifier(")
    assert (found.same, found.in_list, found.in_module_list) == (True, 0, 17)


def test_a_model_with_dropout_is_another_when_it_trains():
    model = nn.Sequential(nn.Linear(2, 50), nn.Dropout(0.5), nn.Linear(50, 1))
    assert not inspected(XORDataset(9), model, 2).same
