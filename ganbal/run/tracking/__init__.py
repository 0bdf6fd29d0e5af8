"""Programs that follow a training: TensorBoard, MLflow, Weights & Biases, or the user's own."""
