//! Databases and stores that fail, also after they did what was asked.
