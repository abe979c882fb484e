//! Holds nothing: the models are this package's tests, one file for each protocol.
//! Never knows: anything of production; under the ordinary configuration it is empty.
//! Read next: `tests/`, and `docs/proofs.md` for what each model guards.
