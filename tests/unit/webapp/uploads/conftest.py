"""Property tests of this folder run on busy machines: how long one takes proves nothing."""

import hypothesis

hypothesis.settings.register_profile("patient", deadline=None)
hypothesis.settings.load_profile("patient")
