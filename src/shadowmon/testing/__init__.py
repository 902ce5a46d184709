"""
Public test kit: the suites that every implementation of a Protocol has to pass, ours included.

Subclass a suite, give its factory, and pytest finds the inherited tests:

    from shadowmon.testing.stores import StoreContract

    class TestMyStore(StoreContract):
        def make(self, folder):
            return MyStore(folder / "it.db")

Needs pytest with pytest-asyncio in auto mode, but imports neither.
"""
