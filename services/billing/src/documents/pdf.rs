/// A finished document.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Pdf {
    /// `Bill-1042.pdf`; letters, digits, `-` and `.` only.
    pub file_name: String,
    /// The PDF.
    pub bytes: Vec<u8>,
}
