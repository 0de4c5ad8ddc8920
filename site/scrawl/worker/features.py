"""What the second bundle brings to the worker: training, inspection and files."""

from __future__ import annotations

from typing import TYPE_CHECKING

from javascript import JSON

from scrawl.worker.diagram_handlers import DiagramHandlers
from scrawl.worker.file_handlers import FileHandlers
from scrawl.worker.inspection_handlers import InspectionHandlers
from scrawl.worker.together_handlers import TogetherHandlers
from scrawl.worker.training_handlers import TrainingHandlers

if TYPE_CHECKING:
    from scrawl.worker.main import Worker


def start(worker: Worker, pictures: str) -> None:
    """Let the worker answer the requests that its own handlers do not; `pictures` is the address of their reader."""
    worker.training = training = TrainingHandlers(worker, JSON.parse(worker.settings))
    inspection, files = InspectionHandlers(worker, training), FileHandlers(worker, training, pictures)
    diagram = DiagramHandlers(worker, inspection)
    together = TogetherHandlers(worker, training)
    worker.when_parked += [inspection.forget, diagram.forget]
    worker.handlers.update(
        {
            "settings": training.change_settings,
            "use_blocks": training.use_blocks,
            "train": training.train,
            "pause": training.pause,
            "step": training.step,
            "tune": training.tune,
            "take_back_lesson": training.take_back_lesson,
            "train_on_collected": training.train_on_collected,
            "sample": training.sample,
            "show_checkpoint": training.show_checkpoint,
            "restore": training.restore,
            "palette": inspection.set_palette,
            "inspect_layers": inspection.inspect_layers,
            "saliency": inspection.saliency,
            "count_confusion": inspection.count_confusion,
            "find_misread": inspection.find_misread,
            "train_on_misread": inspection.train_on_misread,
            "compare_network": inspection.compare_network,
            "predict_with_all": inspection.predict_with_all,
            "draw_network": diagram.draw_network,
            "learn_together": together.learn_together,
            "find_ink": files.find_ink,
            "open_file": files.open_file,
            "save_file": files.save_file,
            "save_weights": files.save_weights,
        }
    )
