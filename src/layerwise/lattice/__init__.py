"""The very deep lattice network: points become cells, and layer after layer cells take colour."""
