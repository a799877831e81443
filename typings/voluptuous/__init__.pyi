# Home Assistant answers `import voluptuous` with its successor since 2026.9; so does mypy here.
from probatio import *
