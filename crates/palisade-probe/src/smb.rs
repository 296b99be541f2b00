//! smb
