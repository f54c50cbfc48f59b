"""Models made: embedded bases, and adapters on any base, by the transformers Trainer and PEFT."""
