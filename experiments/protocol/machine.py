"""What a result was computed on."""

from graphnca.training import machine as machine
