"""The parts of `verify.py`. Nothing here may import anything but the standard library and each
other, one name list per line: `audit.packs.assembling` joins the parts into one file."""
