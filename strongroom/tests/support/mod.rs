//! A program to start, a client to talk to it.

pub(crate) mod client;
pub(crate) mod go;
pub(crate) mod outside;
pub(crate) mod server;

pub(crate) use client::Client;
pub(crate) use server::{Room, Server};
