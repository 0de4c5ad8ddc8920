"""What `bench.predict_servers` compares with: the least FastAPI app that recognises digits with ONNX Runtime.

The network is the file that MODEL names. Nothing is versioned, stored or normalised here.
"""

import os

import numpy as np
import onnxruntime
from fastapi import FastAPI
from pydantic import BaseModel

options = onnxruntime.SessionOptions()
options.intra_op_num_threads = 1
session = onnxruntime.InferenceSession(os.environ["MODEL"], options)
app = FastAPI()


class Body(BaseModel):
    """784 pixels, 0 to 1."""

    tensor: list[float]


@app.post("/api/predict")
def predict(body: Body) -> dict[str, object]:
    """Answer as Scrawl does."""
    (scores,) = session.run(None, {"images": np.array([body.tensor], np.float32)})
    probabilities = np.exp(scores[0])
    return {"label": int(probabilities.argmax()), "probabilities": probabilities.tolist()}
