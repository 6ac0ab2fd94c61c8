"""Where the modules under test are; imported first."""

import os
import sys

SOURCE = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
sys.dont_write_bytecode = True
sys.path[:0] = [os.path.join(SOURCE, "bench", "report"), os.path.join(SOURCE, "bench", "system"), os.path.join(SOURCE, "tests", "system")]
