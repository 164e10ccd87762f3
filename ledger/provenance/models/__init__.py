"""Language models: what they were trained on, and which generation their texts are."""
