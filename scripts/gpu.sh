#!/usr/bin/env bash
# All that a GPU is needed for, the most valuable first, each piece with files of its own.
#
#     scripts/gpu.sh [--minutes N] [--out FOLDER] [--digits 1|2] [PIECE ...]
#
# Pieces, by default the first three, that share N minutes (default 12):
#
#     rollouts     1000-frame forecasts, training steps and what else `pytest benchmarks --gpu` holds
#     golden       the official implementation's numbers (tests/golden), in float32 proper
#     train        64 x 64 Moving MNIST with the recipe of the preset `pocket`: weights, and a log
#     unroll       1000 frames of latents with several ticks in one iteration of a scan
#     benchmarks   all cases at all sizes, for hours
#
# Needs neither network nor nox, and installs nothing into the Python that it finds. Where packages
# are missing, give a folder of wheels, which are unpacked into a temporary folder. A piece that
# fails or is cut off leaves what it has, and the others run.
#
#     PYTHON   the Python to use (default: python3)
#     WHEELS   a folder of wheels
#     DEVICE   what JAX has to see (default: gpu; cpu tries the script, at tiny sizes)
#
# On another machine, `cwvae evaluate` and `cwvae export` go on from FOLDER/train.
set -uo pipefail
die() { echo "error: $*" >&2; exit 2; }

minutes=12 out=gpu digits=2 pieces=()
while [ $# -gt 0 ]; do
    case "$1" in
        --minutes | --out | --digits) [ $# -gt 1 ] || die "$1 needs a value" ;;&
        --minutes) minutes="$2"; shift ;;
        --out) out="$2"; shift ;;
        --digits) digits="$2"; shift ;;
        rollouts | golden | train | unroll | benchmarks) pieces+=("$1") ;;
        -h | --help) sed -n '2,/^set/p' "$0" | sed '$d; s/^# \{0,1\}//'; exit ;;
        *) die "unknown word '$1'; pieces: rollouts golden train unroll benchmarks" ;;
    esac
    shift
done
[[ "$minutes" =~ ^[1-9][0-9]*$ ]] || die "--minutes must be a positive whole number, got '$minutes'"
[[ "$digits" = [12] ]] || die "--digits must be 1 or 2, got '$digits'"
[ ${#pieces[@]} -gt 0 ] || pieces=(rollouts golden train)
mkdir -p "$out" || die "cannot write to $out"
out="$(realpath "$out")"
[ -z "${WHEELS:-}" ] || WHEELS="$(realpath -e "$WHEELS")" || die "WHEELS names no folder"
cd "$(dirname "$0")/.." || exit
python="${PYTHON:-python3}" device="${DEVICE:-gpu}"
command -v "$python" > /dev/null || die "PYTHON names no program: $python"
end=$((SECONDS + 60 * minutes))

export PYTHONPATH="$PWD/src${PYTHONPATH:+:$PYTHONPATH}" PYTHONUNBUFFERED=1
export JAX_COMPILATION_CACHE_DIR="${JAX_COMPILATION_CACHE_DIR:-$out/.cache}"
if [ -n "${WHEELS:-}" ]; then
    unpacked="$(mktemp -d)"
    trap 'rm -rf "$unpacked"' EXIT
    "$python" -m pip install --quiet --no-index --no-deps --target "$unpacked" "$WHEELS"/*.whl ||
        die "the wheels of $WHEELS do not fit $python"
    # Before what is installed, so the folder should hold what is missing and nothing else.
    export PYTHONPATH="$PYTHONPATH:$unpacked"
fi

"$python" - "$device" "${pieces[*]}" <<'END' || exit
import importlib.util
import sys

needed = "jax equinox jaxtyping beartype numpy optax grain orbax.checkpoint pytest pytest_benchmark"
if "train" in sys.argv[2]:
    needed += " av matplotlib PIL safetensors tensorboardX tqdm tyro"
missing = [name for name in needed.split() if not importlib.util.find_spec(name.split(".")[0])]
if missing:
    sys.exit(f"error: missing packages: {', '.join(missing)}; put their wheels into a folder and "
             "name it: WHEELS=folder scripts/gpu.sh")
import jax

found = jax.default_backend()
if found != sys.argv[1]:
    sys.exit(f"error: JAX sees a {found}, not a {sys.argv[1]}; install a jax with CUDA or ROCm")
print(f"{jax.devices()[0].device_kind}, jax {jax.__version__}")
END

left() { echo $((end > SECONDS ? end - SECONDS : 0)); }
# Run a command for so many seconds at most; it is told to end, and has half a minute to do so.
within() { timeout --signal=INT --kill-after=30 "$@"; }

rollouts() {
    local cases=--gpu
    [ "$device" = gpu ] || cases=--quick
    "$python" -m pytest benchmarks -q "$cases" --seconds "$1" --command "scripts/gpu.sh" \
        --results "$out/rollouts.json"
}

golden() {
    JAX_DEFAULT_MATMUL_PRECISION=highest within "$1" "$python" scripts/check_golden.py tests/golden/*.npz
}

# Twice the preset's edges of frames and of coarse evidence; and since there are four times as many
# pixels, twice its standard deviation, which keeps the balance of the KL's weights. Dense layers are
# wide, since they place two digits and cost a GPU little. The second
# half goes on with longer videos and a falling learning rate, as docs/remembering.md has it.
train() {
    local sizes=(--stoch-size $((3 * digits)) $((3 * digits)) $((32 * digits))
        --deter-size $((48 * digits)) $((32 * digits)) $((64 * digits)))
    local common=(--forecast-every 1000000 --checkpoint-every 2000) steps rate begun=$SECONDS
    local first=(--preset pocket --num-digits "$digits" --size 64 --coarse-evidence 8
        --decoder-stddev .24 --hidden-size 256 --dense-layers 3 --dense-hidden 1024
        --batch-size 64 --learning-rate 1.5e-3 --steps 1000000 --decay 0 "${sizes[@]}")
    local long=(--frames 192 --batch-size 16 --learning-rate 8e-4 --warmup 100 --decay 1)
    if [ "$device" != gpu ]; then
        first+=(--channel-multiplier .125 --batch-size 2 --frames 12 --hidden-size 8)
        long+=(--batch-size 2 --frames 18)
    fi
    if [ -e "$out/train" ] || [ -e "$out/train_short" ]; then
        echo "error: $out holds a train or train_short already; name another folder with --out" >&2
        return 2
    fi
    export XLA_PYTHON_CLIENT_PREALLOCATE=false
    within $(($1 / 2)) "$python" -m cwvae train "${first[@]}" "${common[@]}" --out "$out/train_short"
    [ -d "$out/train_short/checkpoints" ] || return 1
    # What the rest of the time is enough for at the same frames a second, a minute to start it.
    rate="$(tail -1 "$out/train_short/metrics.jsonl" | sed -n 's/.*"frames_per_second": \([0-9]*\).*/\1/p')"
    steps=$((${rate:-0} * ($1 - SECONDS + begun - 60) * 9 / 10 / (192 * 16)))
    [ "$steps" -gt 0 ] || steps=1
    within $(($1 - SECONDS + begun)) "$python" -m cwvae train --init "$out/train_short" \
        "${first[@]}" "${long[@]}" "${common[@]}" --steps "$steps" --out "$out/train"
    "$python" -m cwvae export "$out/train" "$out/weights.safetensors" \
        --dtype bfloat16
    # In pieces that go through anything; `cat weights.safetensors.*` puts them together.
    split -b 15M "$out/weights.safetensors" "$out/weights.safetensors."
}

unroll() {
    local preset=moving_mnist frames=1000
    [ "$device" = gpu ] || { preset=debug; frames=12; }
    within "$1" "$python" scripts/unroll.py "$out/unroll.json" --preset "$preset" --frames "$frames"
}

benchmarks() {
    "$python" -m pytest benchmarks --full --command "scripts/gpu.sh benchmarks" --results "$out"
}

# How much of the time that is left a piece may take, in percent.
declare -A share=([rollouts]=40 [golden]=20 [train]=100 [unroll]=30 [benchmarks]=100)
status=0
for index in "${!pieces[@]}"; do
    piece="${pieces[$index]}" seconds="$(left)"
    if [ $((index + 1)) -ne ${#pieces[@]} ] && [ "$seconds" -gt 60 ]; then
        seconds=$((seconds * ${share[$piece]} / 100))
    fi
    if [ "$seconds" -lt 20 ]; then
        echo "== $piece: no time left"
        status=1
        continue
    fi
    echo "== $piece: $seconds s"
    begun=$SECONDS
    "$piece" "$seconds" 2>&1 | tee "$out/$piece.log"
    code=${PIPESTATUS[0]}
    echo "== $piece ended with status $code after $((SECONDS - begun)) s"
    [ "$code" -eq 0 ] || status=1
done
exit "$status"
