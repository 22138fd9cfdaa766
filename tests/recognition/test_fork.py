"""Processes that are forked after, or while, a network is loaded."""

from __future__ import annotations

import os
import subprocess
import sys
import textwrap

import pytest

pytestmark = pytest.mark.skipif(not hasattr(os, "fork"), reason="the system cannot fork")
LONGEST = 120  # seconds; nothing here takes them unless it hangs

PICTURE = """
    import os, signal, sys, threading, time, warnings
    # Python 3.12 and later warn of every fork of a process that has threads.
    warnings.filterwarnings("ignore", "This process", DeprecationWarning)
    import numpy as np
    import mnistkit
    from mnistkit.recognition import kept_networks, loading

    digit = mnistkit.load_dataset("digits").test.images[0]
    picture = np.pad(np.kron(digit, np.ones((4, 4), np.uint8)), 20)

    def read():
        return [str(one) for one in mnistkit.recognize(picture)]

    expected = read()

    def ended(child):
        \"\"\"Its exit status; None if it had to be killed.\"\"\"
        last = time.monotonic() + 60
        while time.monotonic() < last:
            found, status = os.waitpid(child, os.WNOHANG)
            if found:
                return status
            time.sleep(0.002)
        os.kill(child, signal.SIGKILL)
        os.waitpid(child, 0)

    def forked(work):
        child = os.fork()
        if child:
            return child
        try:
            work()
        except BaseException as error:
            print(repr(error), file=sys.stderr, flush=True)
            os._exit(1)
        os._exit(0)

    def reads_as_expected():
        assert len(expected) == 1, expected
        assert read() == expected

"""


def run(script):
    """Run a script in a process of its own: this one has TensorFlow's threads."""
    source = textwrap.dedent(PICTURE) + textwrap.dedent(script)
    process = subprocess.Popen(
        [sys.executable, "-c", source],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )
    try:
        printed, errors = process.communicate(timeout=LONGEST)
    except subprocess.TimeoutExpired:
        os.killpg(process.pid, 9)  # its children too, or they would keep the pipes open
        printed, errors = process.communicate()
    assert process.returncode == 0, errors[-3000:]
    return printed.strip()


def test_fork_while_another_thread_loads_a_network():
    script = """
        def load():
            while True:
                kept_networks.forget_networks()
                loading.pretrained_network("cnn", "handwriting")

        threading.Thread(target=load, daemon=True).start()
        for _ in range(20):
            status = ended(forked(reads_as_expected))
            if status != 0:
                break
        print(status, flush=True)
        os._exit(0)  # without waiting for the thread
    """
    assert run(script) == "0"


def test_fork_while_another_thread_reads():
    script = """
        def work():
            while True:
                read()

        threading.Thread(target=work, daemon=True).start()
        print({ended(forked(reads_as_expected)) for _ in range(20)}, flush=True)
        os._exit(0)
    """
    assert run(script) == "{0}"


def test_child_that_is_forked_loads_the_network_anew_and_the_parent_keeps_its_own():
    script = """
        before = loading.pretrained_network("cnn", "handwriting")

        def child():
            assert not kept_networks._kept
            reads_as_expected()
            assert loading.pretrained_network("cnn", "handwriting") is not before

        assert ended(forked(child)) == 0
        assert loading.pretrained_network("cnn", "handwriting") is before
        reads_as_expected()
    """
    run(script)


def test_session_with_several_threads_is_left_alone_in_the_child():
    """Destroying one whose threads stayed behind in the parent crashes the process."""
    script = """
        import gc, onnxruntime

        def four_threads(make=onnxruntime.SessionOptions):
            options = make()
            options.intra_op_num_threads = 4
            return options

        onnxruntime.SessionOptions = four_threads
        kept_networks.forget_networks()
        read()

        def child():
            gc.collect()
            reads_as_expected()
            gc.collect()

        print({ended(forked(child)) for _ in range(5)})
    """
    assert run(script) == "{0}"


def test_child_of_a_child():
    script = """
        def child():
            reads_as_expected()
            assert ended(forked(reads_as_expected)) == 0

        assert ended(forked(child)) == 0
    """
    run(script)


def test_fork_by_the_thread_that_is_loading():
    script = """
        def fork_while_loading(content, name, load=loading.onnx_network):
            loading.onnx_network = load
            assert ended(forked(reads_as_expected)) == 0
            return load(content, name)

        kept_networks.forget_networks()
        loading.onnx_network = fork_while_loading
        reads_as_expected()
        thread = threading.Thread(target=reads_as_expected)  # the lock is free again
        thread.start()
        thread.join()
    """
    run(script)


def test_pool_of_forked_processes_after_reading_in_the_parent():
    script = """
        import multiprocessing

        def work(number):
            return os.getpid(), read()

        with multiprocessing.get_context("fork").Pool(2) as pool:
            found = pool.map(work, range(8), chunksize=1)
        assert all(reading == expected for _, reading in found), found
        assert os.getpid() not in dict(found)
        reads_as_expected()
    """
    run(script)
