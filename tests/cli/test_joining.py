"""Which processes train together, from the option and from what a cluster's environment says."""

import pytest

from cwvae.cli import main
from cwvae.cli.joining import joining_options

SLURM = {
    "SLURM_JOB_ID": "1",
    "SLURM_STEP_NODELIST": "node[1-2]",
    "SLURM_STEP_NUM_NODES": "2",
    "SLURM_NTASKS": "8",
    "SLURM_PROCID": "5",
    "SLURM_LOCALID": "1",
}
OMPI = {
    "OMPI_MCA_orte_hnp_uri": "1.0;tcp://10.0.0.1:1",
    "OMPI_COMM_WORLD_SIZE": "2",
    "OMPI_COMM_WORLD_RANK": "1",
    "OMPI_COMM_WORLD_LOCAL_RANK": "1",
}


def test_an_address_a_number_of_processes_and_ones_own_are_taken_as_they_are():
    assert joining_options("node1:1234,4,3", SLURM) == {
        "coordinator_address": "node1:1234",
        "num_processes": 4,
        "process_id": 3,
        "cluster_detection_method": "deactivate",
    }


@pytest.mark.parametrize(
    "value",
    ["on", "node1", "node1:1234", "node1,4,3", "node1:x,4,3", "node1:1234,4", ":1,2,0"],
)
def test_anything_else_is_an_error_before_anything_is_made(value, tmp_path, capsys):
    arguments = ["train", "--preset", "debug", "--out", str(tmp_path / "run")]
    assert main([*arguments, f"--distributed={value}"]) == 2
    (line,) = capsys.readouterr().err.splitlines()
    assert "--distributed must be auto, off, or ADDRESS,N,ID" in line
    assert line.endswith(f"got {value}")


def test_a_cluster_is_recognised_where_all_of_its_variables_are_there():
    assert joining_options("auto", {}) is None
    assert joining_options("off", SLURM) is None
    assert joining_options("auto", SLURM) == {"cluster_detection_method": "slurm"}
    assert joining_options("auto", OMPI) == {"cluster_detection_method": "ompi"}
    for cluster in (SLURM, OMPI):
        for name in cluster.keys() - {"SLURM_STEP_NUM_NODES"}:
            some = {other: value for other, value in cluster.items() if other != name}
            assert joining_options("auto", some) is None
    assert joining_options("auto", SLURM | {"SLURM_NTASKS": "1"}) is None
    assert joining_options("auto", OMPI | {"OMPI_COMM_WORLD_SIZE": "1"}) is None


@pytest.mark.parametrize(
    ("visible", "tasks", "expected"),
    [
        ("0,1,2,3", "8", None),  # a process for each of all GPUs, which all of them see
        ("0,1,2,3", "2", [0, 1, 2, 3]),  # a process for each machine
        ("3", "8", [0]),  # --gpus-per-task=1: each sees its own alone
        ("", "2", None),
    ],
)
def test_a_process_of_slurm_takes_the_gpus_that_are_its_own(visible, tasks, expected):
    known = SLURM | {"CUDA_VISIBLE_DEVICES": visible, "SLURM_NTASKS": tasks}
    assert joining_options("auto", known).get("local_device_ids") == expected
