# SPDX-License-Identifier: GPL-2.0-or-later
"""The functions of an object file in a form that two files can be compared in, by other means than
patchctl's: an ELF reader of a page, and objdump for the instructions."""
import re
import struct
import subprocess

EXECINSTR, MERGE, STRINGS = 0x4, 0x10, 0x20
SIZES = {62: {1: 8, 2: 4, 4: 4, 10: 4, 11: 4, 24: 8}, 3: {1: 4, 2: 4, 4: 4}}
PC_RELATIVE = {62: (2, 4, 24), 3: (2, 4)}


class Section:
    pass


class Object:
    def __init__(self, path):
        self.path = path
        with open(path, "rb") as file:
            self.data = bytearray(file.read())
        data = self.data
        self.wide = data[4] == 2
        self.machine = struct.unpack_from("<H", data, 18)[0]
        if self.wide:
            offset, = struct.unpack_from("<Q", data, 40)
            size, count, names = struct.unpack_from("<3H", data, 58)
        else:
            offset, = struct.unpack_from("<I", data, 32)
            size, count, names = struct.unpack_from("<3H", data, 46)
        self.sections = [self.section(offset + i * size) for i in range(count)]
        for section in self.sections:
            section.name = self.text(self.sections[names], section.name_at)
        self.symbols = self.read_symbols()
        self.relocations = {}
        for section in self.sections:
            if section.type in (4, 9):
                self.read_relocations(section)

    def section(self, at):
        section = Section()
        form = "<IIQQQQIIQQ" if self.wide else "<10I"
        (section.name_at, section.type, section.flags, _, section.offset, section.size, section.link,
         section.info, _, section.entry) = struct.unpack_from(form, self.data, at)
        return section

    def bytes(self, section):
        return b"" if section.type == 8 else self.data[section.offset:section.offset + section.size]

    def text(self, section, at):
        start = section.offset + at
        return self.data[start:self.data.index(0, start)].decode("latin-1")

    def read_symbols(self):
        symbols = []
        for section in self.sections:
            if section.type != 2:
                continue
            for at in range(section.offset, section.offset + section.size, section.entry):
                if self.wide:
                    name, info, _, index, value, size = struct.unpack_from("<IBBHQQ", self.data, at)
                else:
                    name, value, size, info, _, index = struct.unpack_from("<IIIBBH", self.data, at)
                symbols.append({"name": self.text(self.sections[section.link], name),
                                "type": info & 15, "section": index, "value": value, "size": size})
        return symbols

    def read_relocations(self, section):
        target = self.sections[section.info]
        found = self.relocations.setdefault(section.info, {})
        for at in range(section.offset, section.offset + section.size, section.entry):
            addend = None
            if self.wide:
                offset, info, addend = struct.unpack_from("<QQq", self.data, at)
                kind, symbol = info & 0xffffffff, info >> 32
            else:
                offset, info = struct.unpack_from("<II", self.data, at)
                kind, symbol = info & 0xff, info >> 8
                addend, = struct.unpack_from("<i", self.data, target.offset + offset)
            found[offset] = (kind, self.symbols[symbol], addend)

    def functions(self, name):
        """All of that name, by address as patchctl counts them: sections in order."""
        found = [s for s in self.symbols
                 if s["name"] == name and s["type"] == 2 and 0 < s["section"] < 0xff00]
        return sorted(found, key=lambda s: (s["section"], s["value"]))

    def named(self, name):
        """The function of that name; one of another file where there is none."""
        found = self.functions(name)
        return found[0] if found else {"name": name, "type": 0, "section": 0, "value": 0, "size": 0}

    def function_at(self, section, offset):
        for symbol in self.symbols:
            if symbol["type"] == 2 and symbol["section"] == section and \
               symbol["value"] <= offset < symbol["value"] + max(symbol["size"], 1):
                return symbol
        return None


class Function:
    """patches: [(offset in the function, bytes)], targets: [(offset of a branch, its length, the name of
    the function that it shall lead to)], done before it is looked at."""

    def __init__(self, object_, symbol, patches=(), targets=()):
        self.object, self.symbol = object_, symbol
        section = object_.sections[symbol["section"]]
        start, size = symbol["value"], symbol["size"]
        self.code = bytearray(object_.bytes(section)[start:start + size])
        self.fields = {}
        sizes = SIZES[object_.machine]
        for offset, relocation in object_.relocations.get(symbol["section"], {}).items():
            if start <= offset < start + size:
                self.fields[offset - start] = relocation
                length = sizes[relocation[0]]
                self.code[offset - start:offset - start + length] = bytes(length)
        for offset, data in patches:
            for field in [f for f in self.fields if offset <= f < offset + len(data)]:
                # what is kept of a field is zeros in the file, as it is in the replacement
                if data[field - offset:field - offset + 4] != bytes(4):
                    del self.fields[field]
            self.code[offset:offset + len(data)] = data
        for offset, length, name in targets:
            # as a relocation of the branch's last four bytes says it
            self.fields[offset + length - 4] = (2, object_.named(name), -4)
            self.code[offset + length - 4:offset + length] = bytes(4)
        self.lines = self.disassemble()

    def disassemble(self):
        machine = "i386:x86-64" if self.object.wide else "i386"
        raw = self.object.path + ".raw"
        with open(raw, "wb") as file:
            file.write(self.code)
        text = subprocess.run(["objdump", "-D", "-b", "binary", "-m", machine, "-w", raw],
                              check=True, capture_output=True, text=True).stdout
        lines = []
        for line in text.splitlines():
            match = re.match(r"\s*([0-9a-f]+):\t([0-9a-f ]+?)\s*\t(.*)", line)
            if match:
                lines.append((int(match[1], 16), len(match[2].split()), match[3].split("#")[0].strip()))
        return lines

    def is_nop(self, text):
        return bool(re.match(r"((cs|ds|data16) )*nop|xchg +%ax,%ax$|mov +%esi,%esi$|"
                             r"lea +(%[cd]s:)?(0x0)?\(%esi(,%eiz,1)?\),%esi$", text))

    def place(self, offset):
        """Of a place in the function the instruction, nops not counted."""
        real = [at for at, _, text in self.lines if not self.is_nop(text)]
        return ("line", sum(1 for at in real if at < offset))

    def leads_to(self, section, offset):
        target = self.object.function_at(section, offset)
        if target is self.symbol:
            return self.place(offset - target["value"])
        if target is not None:
            return ("function", self.plain(target["name"]), offset - target["value"])
        return self.data(section, offset)

    @staticmethod
    def plain(name):
        return re.sub(r"\.(part|constprop|isra|cold)(\.\d+)*", r".\1", name)

    def data(self, index, offset):
        section = self.object.sections[index]
        if section.flags & STRINGS:
            return ("string", self.object.text(section, offset))
        table = []
        relocations = self.object.relocations.get(index, {})
        step = 8 if self.object.wide else 4
        while offset + len(table) * step in relocations:
            _, symbol, addend = relocations[offset + len(table) * step]
            place = symbol["value"] + addend
            if self.object.function_at(symbol["section"], place) is not self.symbol:
                break
            table.append(self.place(place - self.symbol["value"]))
        if table:
            return ("table", tuple(table))
        for symbol in self.object.symbols:
            if symbol["type"] == 1 and symbol["section"] == index and \
               symbol["value"] <= offset < symbol["value"] + symbol["size"]:
                return ("data", re.sub(r"\.\d+$", "", symbol["name"]), offset - symbol["value"])
        return ("bytes", bytes(self.object.bytes(section)[offset:offset + 4]))

    def meaning(self, relocation, field, end):
        kind, symbol, addend = relocation
        if kind in PC_RELATIVE[self.object.machine]:
            addend += end - field
        if symbol["section"] == 0:
            return (symbol["name"], addend)
        if symbol["type"] == 3 or symbol["name"].startswith(".L") or symbol["section"] < 0xff00:
            return self.leads_to(symbol["section"], symbol["value"] + addend)
        return (symbol["name"], addend)

    def comparable(self):
        """Its instructions but for nops, with what each leads to."""
        found = []
        start, section = self.symbol["value"], self.symbol["section"]
        for at, length, text in self.lines:
            if self.is_nop(text):
                continue
            meanings = [self.meaning(relocation, field, at + length)
                        for field, relocation in sorted(self.fields.items())
                        if at <= field < at + length]
            branch = re.match(r"((?:j|call|loop)\S*(?:,p[nt])?) +0x([0-9a-f]+)$", text)
            if branch and not meanings:
                text = branch[1]
                mask = 0xffffffffffffffff if self.object.wide else 0xffffffff
                meanings = [self.leads_to(section, (start + int(branch[2], 16)) & mask)]
            elif branch:
                text = branch[1]
            found.append((text, *meanings))
        return found
