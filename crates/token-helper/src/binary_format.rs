//! What a driver file is, read from its header without loading it: loading runs the vendor's code.

pub use crate::error::LoadFailure;
use object::read::macho::{FatArch, MachHeader};
use object::{Endianness, FileKind, LittleEndian, elf, macho, pe};
use std::fs::File;
use std::io::{ErrorKind, Read};
use std::path::Path;

/// Headers are at the front. No more is read, however big the file.
const PREFIX: u64 = 64 << 10;

/// A processor architecture and its word size, e.g. `x86_64`, 64.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Architecture {
    /// Name as Rust's `target_arch` has it, or `machine 0x..` for what is not known here.
    pub name: String,
    /// Bits of an address.
    pub bits: u8,
}

impl Architecture {
    /// What this program was built for; a helper can load nothing else.
    pub fn ours() -> Architecture {
        Architecture { name: std::env::consts::ARCH.to_owned(), bits: usize::BITS as u8 }
    }
}

impl std::fmt::Display for Architecture {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{} ({} bit)", self.name, self.bits)
    }
}

/// A library format.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Format {
    /// Linux and most other Unix systems.
    Elf,
    /// Windows.
    Pe,
    /// macOS.
    MachO,
}

impl Format {
    /// Stable word.
    pub fn word(self) -> &'static str {
        match self {
            Format::Elf => "elf",
            Format::Pe => "pe",
            Format::MachO => "mach-o",
        }
    }

    /// The format this system loads.
    pub fn ours() -> Format {
        if cfg!(windows) {
            Format::Pe
        } else if cfg!(target_vendor = "apple") {
            Format::MachO
        } else {
            Format::Elf
        }
    }
}

/// What a library file is for: one architecture, or several in a macOS fat file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Library {
    /// Its format.
    pub format: Format,
    /// What it runs on.
    pub architectures: Vec<Architecture>,
}

/// Whether a helper of this build can load the file, as far as the header tells.
pub fn can_load(path: &Path) -> Result<(), LoadFailure> {
    let library = inspect(path)?;
    let ours = Architecture::ours();
    if library.format != Format::ours() {
        return Err(LoadFailure::NotALibrary);
    }
    if library.architectures.contains(&ours) {
        return Ok(());
    }
    let is = library.architectures.iter().map(ToString::to_string).collect::<Vec<_>>().join(", ");
    let needs = ours.to_string();
    if library.architectures.iter().all(|one| one.bits != ours.bits) {
        return Err(LoadFailure::WrongBits { is, needs });
    }
    Err(LoadFailure::WrongArchitecture { is, needs })
}

/// Reads the header of a library file.
pub fn inspect(path: &Path) -> Result<Library, LoadFailure> {
    let read = || -> std::io::Result<Vec<u8>> {
        // A pipe or a device would block on open or never end.
        if !std::fs::metadata(path)?.is_file() {
            return Ok(Vec::new());
        }
        let mut prefix = Vec::new();
        File::open(path)?.take(PREFIX).read_to_end(&mut prefix)?;
        Ok(prefix)
    };
    let prefix = read().map_err(|error| match error.kind() {
        ErrorKind::NotFound | ErrorKind::NotADirectory => LoadFailure::NotFound,
        _ => LoadFailure::NotReadable,
    })?;
    identify(&prefix).ok_or(LoadFailure::NotALibrary)
}

/// Largest file that is read for its version; vendors' drivers have up to some tens of megabytes.
const LONGEST: u64 = 64 << 20;

/// The version that the file carries: in a PE its version resource, in a Mach-O its library's current version, in an ELF what the
/// end of its name (or of the name that it has for the loader) says.
pub fn version(path: &Path) -> Option<String> {
    let real = path.canonicalize().ok()?;
    let metadata = std::fs::metadata(&real).ok()?;
    if !metadata.is_file() || metadata.len() > LONGEST {
        return None;
    }
    if let Some(version) = real.file_name().and_then(|name| name_version(name.to_str()?)) {
        return Some(version.to_owned());
    }
    let mut data = Vec::new();
    File::open(&real).ok()?.take(LONGEST).read_to_end(&mut data).ok()?;
    match FileKind::parse(&*data).ok()? {
        FileKind::Elf32 => elf_version::<elf::FileHeader32<Endianness>>(&data),
        FileKind::Elf64 => elf_version::<elf::FileHeader64<Endianness>>(&data),
        FileKind::Pe32 => pe_version::<pe::ImageNtHeaders32>(&data),
        FileKind::Pe64 => pe_version::<pe::ImageNtHeaders64>(&data),
        FileKind::MachOFat32 => {
            let file = object::read::macho::MachOFatFile32::parse(&*data).ok()?;
            macho_slice_version(file.arches().first()?.data(&*data).ok()?)
        }
        FileKind::MachOFat64 => {
            let file = object::read::macho::MachOFatFile64::parse(&*data).ok()?;
            macho_slice_version(file.arches().first()?.data(&*data).ok()?)
        }
        _ => macho_slice_version(&data),
    }
}

/// A library for one architecture; those in one file are of one version.
fn macho_slice_version(data: &[u8]) -> Option<String> {
    match FileKind::parse(data).ok()? {
        FileKind::MachO32 => macho_version::<macho::MachHeader32<Endianness>>(data),
        FileKind::MachO64 => macho_version::<macho::MachHeader64<Endianness>>(data),
        _ => None,
    }
}

/// `libykcs11.so.2.2.0`
fn name_version(name: &str) -> Option<&str> {
    let (_, version) = name.rsplit_once(".so.")?;
    version.starts_with(|c: char| c.is_ascii_digit()).then_some(version)
}

fn elf_version<H: object::read::elf::FileHeader<Endian = Endianness>>(data: &[u8]) -> Option<String> {
    use object::read::elf::Dyn;

    let header = H::parse(data).ok()?;
    let endian = header.endian().ok()?;
    let sections = header.sections(endian, data).ok()?;
    let (entries, strings) = sections.dynamic(endian, data).ok()??;
    let strings = sections.strings(endian, data, strings).ok()?;
    let name = entries.iter().find(|entry| entry.tag(endian) == elf::DT_SONAME)?.string(endian, strings).ok()?;
    name_version(std::str::from_utf8(name).ok()?).map(str::to_owned)
}

/// `VS_FIXEDFILEINFO` within the version resource begins with this.
const FIXED_FILE_INFO: [u8; 4] = 0xFEEF_04BD_u32.to_le_bytes();

fn pe_version<H: object::read::pe::ImageNtHeaders>(data: &[u8]) -> Option<String> {
    use object::read::pe::PeFile;

    let file = PeFile::<H>::parse(data).ok()?;
    let resources = file.data_directories().resource_directory(data, &file.section_table()).ok()??;
    // Three levels: type, name, language; the first version resource is the one.
    let types = resources.root().ok()?;
    let mut entry = *types.entries.iter().find(|entry| entry.name_or_id().id() == Some(pe::RT_VERSION))?;
    for _ in 0..3 {
        match entry.data(resources).ok()? {
            object::read::pe::ResourceDirectoryEntryData::Table(table) => entry = *table.entries.first()?,
            object::read::pe::ResourceDirectoryEntryData::Data(found) => {
                let address = found.offset_to_data.get(LittleEndian);
                let bytes = file.section_table().pe_data_at(data, address)?;
                let bytes = bytes.get(..bytes.len().min(found.size.get(LittleEndian) as usize))?;
                return fixed_version(bytes);
            }
        }
    }
    None
}

/// Four numbers of 16 bits, the high half of each word first, after signature and structure version.
fn fixed_version(resource: &[u8]) -> Option<String> {
    let start = resource.windows(4).position(|window| window == FIXED_FILE_INFO)?;
    let word = |at: usize| Some(u32::from_le_bytes(resource.get(start + at..start + at + 4)?.try_into().ok()?));
    let (high, low) = (word(8)?, word(12)?);
    Some(format!("{}.{}.{}.{}", high >> 16, high & 0xffff, low >> 16, low & 0xffff))
}

fn macho_version<H: MachHeader<Endian = Endianness>>(data: &[u8]) -> Option<String> {
    use object::read::macho::LoadCommandVariant;

    let header = H::parse(data, 0).ok()?;
    let endian = header.endian().ok()?;
    let mut commands = header.load_commands(endian, data, 0).ok()?;
    while let Ok(Some(command)) = commands.next() {
        if let Ok(LoadCommandVariant::IdDylib(library)) = command.variant() {
            let version = library.dylib.current_version.get(endian).0;
            return Some(format!("{}.{}.{}", version >> 16, (version >> 8) & 0xff, version & 0xff));
        }
    }
    None
}

/// `None`: not a library in any of the formats, or cut off within its header.
pub fn identify(data: &[u8]) -> Option<Library> {
    let (format, architectures) = match FileKind::parse(data).ok()? {
        FileKind::Elf32 => (Format::Elf, vec![elf_architecture::<elf::FileHeader32<Endianness>>(data, 32)?]),
        FileKind::Elf64 => (Format::Elf, vec![elf_architecture::<elf::FileHeader64<Endianness>>(data, 64)?]),
        FileKind::Pe32 => (Format::Pe, vec![pe_architecture(data, 32)?]),
        FileKind::Pe64 => (Format::Pe, vec![pe_architecture(data, 64)?]),
        FileKind::MachO32 => (Format::MachO, vec![macho_architecture::<macho::MachHeader32<Endianness>>(data)?]),
        FileKind::MachO64 => (Format::MachO, vec![macho_architecture::<macho::MachHeader64<Endianness>>(data)?]),
        FileKind::MachOFat32 => {
            let file = object::read::macho::MachOFatFile32::parse(data).ok()?;
            (Format::MachO, file.arches().iter().map(|arch| cpu_type(arch.cputype())).collect())
        }
        FileKind::MachOFat64 => {
            let file = object::read::macho::MachOFatFile64::parse(data).ok()?;
            (Format::MachO, file.arches().iter().map(|arch| cpu_type(arch.cputype())).collect())
        }
        _ => return None,
    };
    Some(Library { format, architectures })
}

fn named(known: Option<&str>, machine: u32, bits: u8) -> Architecture {
    Architecture { name: known.map_or_else(|| format!("machine 0x{machine:x}"), str::to_owned), bits }
}

fn elf_architecture<H: object::read::elf::FileHeader<Endian = Endianness>>(
    data: &[u8],
    bits: u8,
) -> Option<Architecture> {
    let header = H::parse(data).ok()?;
    let endian = header.endian().ok()?;
    if header.e_type(endian) != elf::ET_DYN {
        return None;
    }
    let machine = header.e_machine(endian);
    let known = match machine {
        elf::EM_386 => Some("x86"),
        elf::EM_X86_64 => Some("x86_64"),
        elf::EM_ARM => Some("arm"),
        elf::EM_AARCH64 => Some("aarch64"),
        elf::EM_RISCV => Some(if bits == 64 { "riscv64" } else { "riscv32" }),
        elf::EM_LOONGARCH => Some("loongarch64"),
        elf::EM_PPC64 => Some("powerpc64"),
        elf::EM_S390 => Some("s390x"),
        elf::EM_MIPS => Some(if bits == 64 { "mips64" } else { "mips" }),
        _ => None,
    };
    Some(named(known, u32::from(machine.0), bits))
}

fn pe_architecture(data: &[u8], bits: u8) -> Option<Architecture> {
    let dos = pe::ImageDosHeader::parse(data).ok()?;
    // The file header follows the four bytes of the PE signature.
    let start = usize::try_from(dos.nt_headers_offset()).ok()?.checked_add(4)?;
    let (header, _) = object::from_bytes::<pe::ImageFileHeader>(data.get(start..)?).ok()?;
    if header.characteristics.get(LittleEndian).0 & pe::IMAGE_FILE_DLL.0 == 0 {
        return None;
    }
    let machine = header.machine.get(LittleEndian);
    let known = match machine {
        pe::IMAGE_FILE_MACHINE_I386 => Some("x86"),
        pe::IMAGE_FILE_MACHINE_AMD64 => Some("x86_64"),
        pe::IMAGE_FILE_MACHINE_ARM64 => Some("aarch64"),
        pe::IMAGE_FILE_MACHINE_ARMNT => Some("arm"),
        _ => None,
    };
    Some(named(known, u32::from(machine.0), bits))
}

fn macho_architecture<H: MachHeader<Endian = Endianness>>(data: &[u8]) -> Option<Architecture> {
    let header = H::parse(data, 0).ok()?;
    let endian = header.endian().ok()?;
    let library = matches!(header.filetype(endian), macho::MH_DYLIB | macho::MH_BUNDLE);
    library.then(|| cpu_type(header.cputype(endian)))
}

fn cpu_type(cpu: macho::CpuType) -> Architecture {
    let bits = if cpu.0 & macho::CPU_ARCH_ABI64 == 0 { 32 } else { 64 };
    let known = match cpu {
        macho::CPU_TYPE_X86 => Some("x86"),
        macho::CPU_TYPE_X86_64 => Some("x86_64"),
        macho::CPU_TYPE_ARM => Some("arm"),
        macho::CPU_TYPE_ARM64 => Some("aarch64"),
        _ => None,
    };
    named(known, cpu.0, bits)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn elf(class: u8, machine: u16, kind: u16) -> Vec<u8> {
        let mut header = vec![0; 64];
        header[..7].copy_from_slice(&[0x7f, b'E', b'L', b'F', class, 1, 1]);
        header[16..18].copy_from_slice(&kind.to_le_bytes());
        header[18..20].copy_from_slice(&machine.to_le_bytes());
        header[20] = 1;
        header
    }

    fn pe(machine: u16, magic: u16, characteristics: u16) -> Vec<u8> {
        let mut file = vec![0; 0x40 + 24 + 240];
        file[..2].copy_from_slice(b"MZ");
        file[0x3c] = 0x40;
        file[0x40..0x44].copy_from_slice(b"PE\0\0");
        file[0x44..0x46].copy_from_slice(&machine.to_le_bytes());
        file[0x56..0x58].copy_from_slice(&characteristics.to_le_bytes());
        file[0x58..0x5a].copy_from_slice(&magic.to_le_bytes());
        file
    }

    fn fat(cpus: &[u32]) -> Vec<u8> {
        let mut file = [0xcafe_babe_u32.to_be_bytes(), (cpus.len() as u32).to_be_bytes()].concat();
        for cpu in cpus {
            file.extend_from_slice(&cpu.to_be_bytes());
            file.extend_from_slice(&[0; 16]);
        }
        file
    }

    fn names(data: &[u8]) -> Option<String> {
        let library = identify(data)?;
        Some(library.architectures.iter().map(ToString::to_string).collect::<Vec<_>>().join("+"))
    }

    #[test]
    fn headers_are_told_apart() {
        let mut mach64 = vec![0; 32];
        mach64[..4].copy_from_slice(&0xfeed_facf_u32.to_le_bytes());
        mach64[4..8].copy_from_slice(&0x0100_000c_u32.to_le_bytes());
        mach64[12] = 6;
        let cases: &[(&str, Vec<u8>, Option<&str>)] = &[
            ("elf x86_64", elf(2, 62, 3), Some("x86_64 (64 bit)")),
            ("elf x86", elf(1, 3, 3), Some("x86 (32 bit)")),
            ("elf arm64", elf(2, 183, 3), Some("aarch64 (64 bit)")),
            ("elf of an unknown machine", elf(2, 0x9999, 3), Some("machine 0x9999 (64 bit)")),
            ("elf object file", elf(2, 62, 1), None),
            ("elf cut off", elf(2, 62, 3)[..40].to_vec(), None),
            ("dll x86_64", pe(0x8664, 0x20b, 0x2022), Some("x86_64 (64 bit)")),
            ("dll x86", pe(0x14c, 0x10b, 0x2102), Some("x86 (32 bit)")),
            ("exe", pe(0x8664, 0x20b, 0x0022), None),
            ("mach-o arm64", mach64, Some("aarch64 (64 bit)")),
            ("mach-o fat", fat(&[0x0100_0007, 0x0100_000c]), Some("x86_64 (64 bit)+aarch64 (64 bit)")),
            ("mach-o fat announcing more than there is", [&[0xca, 0xfe, 0xba, 0xbe][..], &[0xff; 4]].concat(), None),
            ("text", b"#!/bin/sh\necho a linker script is no library".to_vec(), None),
            ("nothing", Vec::new(), None),
        ];
        for (name, data, expected) in cases {
            assert_eq!(names(data).as_deref(), *expected, "{name}");
        }
    }

    /// A 64-bit library of macOS with the load command that says its version.
    fn dylib(version: [u8; 3]) -> Vec<u8> {
        let word = |value: u32| value.to_le_bytes();
        let current = u32::from(version[0]) << 16 | u32::from(version[1]) << 8 | u32::from(version[2]);
        let name = *b"/usr/lib/libx.dylib\0\0\0\0\0";
        // Magic, arm64, subtype, dylib, one command and its size, flags, reserved.
        let header = [0xfeed_facf, 0x0100_000c, 0, 6, 1, 24 + name.len() as u32, 0, 0].map(word);
        // LC_ID_DYLIB, size, where the name begins, time, current version, compatible version.
        let command = [0xd, 24 + name.len() as u32, 24, 0, current, 0x1_0000].map(word);
        [header.as_flattened(), command.as_flattened(), &name].concat()
    }

    #[test]
    fn versions_of_mac_libraries() {
        let folder = tempfile::tempdir().unwrap();
        let one = dylib([2, 15, 3]);
        let mut both = Vec::new();
        for word in [0xcafe_babe_u32, 1, 0x0100_000c, 0, 4096, one.len() as u32, 12] {
            both.extend_from_slice(&word.to_be_bytes());
        }
        both.resize(4096, 0);
        both.extend_from_slice(&one);
        for (name, data, expected) in [
            ("one.dylib", &one, Some("2.15.3")),
            ("both.dylib", &both, Some("2.15.3")),
            ("cut.dylib", &one[..48].to_vec(), None),
            ("text.dylib", &b"not a library".to_vec(), None),
        ] {
            let file = folder.path().join(name);
            std::fs::write(&file, data).unwrap();
            assert_eq!(version(&file).as_deref(), expected, "{name}");
        }
    }

    #[test]
    fn files_that_are_not_there_or_not_files() {
        let folder = tempfile::tempdir().unwrap();
        assert_eq!(can_load(&folder.path().join("no.so")), Err(LoadFailure::NotFound));
        assert_eq!(can_load(folder.path()), Err(LoadFailure::NotALibrary));
        let foreign = folder.path().join("foreign.so");
        std::fs::write(&foreign, elf(2, 0x9999, 3)).unwrap();
        let narrow = folder.path().join("narrow.so");
        std::fs::write(&narrow, elf(1, 3, 3)).unwrap();
        if !cfg!(target_os = "linux") {
            assert_eq!(can_load(&foreign), Err(LoadFailure::NotALibrary));
            return;
        }
        let needs = Architecture::ours().to_string();
        let expected = LoadFailure::WrongArchitecture { is: "machine 0x9999 (64 bit)".into(), needs: needs.clone() };
        assert_eq!(can_load(&foreign), Err(expected));
        assert_eq!(can_load(&narrow), Err(LoadFailure::WrongBits { is: "x86 (32 bit)".into(), needs }));
    }
}
