"""The two profiles of one machine, by name."""

from collections.abc import Mapping

from config.local.cluster import cluster_profile
from config.local.embedded import embedded_profile
from config.local.profile import Profile, data_folder, profile_ports


def profile_load(name: str, environ: Mapping[str, str]) -> Profile:
    """Return profile ``name`` as ``environ`` moves it.

    Makes the secrets in the data folder, which has to exist, when they are not there yet.

    Raises:
        LocalError: A variable is not a port number.
        MissingServerError: A server that the profile needs is not installed.
    """
    data = data_folder(name, environ)
    ports = profile_ports(name, environ)
    make = {"embedded": embedded_profile, "cluster": cluster_profile}[name]
    return make(data=data, ports=ports)
