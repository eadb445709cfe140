//! A server that says it is MySQL 8.0 and keeps two passwords of one user, without TLS: as much of the protocol
//! as a rotation by the user itself needs. What MySQL does is as its manual has it.
//!
//! Source: [MySQL, Dual Password Support](https://dev.mysql.com/doc/refman/8.4/en/password-management.html#dual-passwords).

use std::sync::{Arc, Mutex};

use sha1::{Digest as _, Sha1};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};

pub const USER: &str = "app";

const SALT: &[u8; 20] = b"01234567890123456789";

/// Protocol 4.1, transactions, passwords by plugin; no TLS.
const ABILITIES: u32 = 0x0008_a20f;

/// What the server keeps of its user.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct Passwords {
    pub primary: String,
    pub second: Option<String>,
}

pub struct Played {
    pub port: u16,
    kept: Arc<Mutex<Passwords>>,
}

impl Played {
    pub async fn new(primary: &str, second: Option<&str>) -> Self {
        let kept = Arc::new(Mutex::new(Passwords {
            primary: primary.to_owned(),
            second: second.map(str::to_owned),
        }));
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let port = listener.local_addr().unwrap().port();
        let passwords = Arc::clone(&kept);
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                tokio::spawn(serve(stream, Arc::clone(&passwords)));
            }
        });
        Self { port, kept }
    }

    pub fn kept(&self) -> Passwords {
        self.kept.lock().unwrap().clone()
    }
}

impl Passwords {
    fn valid(&self, proof: &[u8]) -> bool {
        let each = [Some(&self.primary), self.second.as_ref()];
        each.into_iter()
            .flatten()
            .any(|text| scrambled(text) == proof)
    }

    fn alter(&mut self, statement: &str) {
        if statement == "ALTER USER USER() DISCARD OLD PASSWORD" {
            self.second = None;
            return;
        }
        let rest = statement.strip_prefix("ALTER USER USER() IDENTIFIED BY '");
        let (password, rest) = rest.unwrap().rsplit_once('\'').unwrap();
        let before = std::mem::replace(&mut self.primary, password.to_owned());
        match rest {
            "" => {}
            " RETAIN CURRENT PASSWORD" => self.second = Some(before),
            other => panic!("{other}"),
        }
    }
}

/// What `mysql_native_password` sends for a password.
fn scrambled(password: &str) -> Vec<u8> {
    let once = Sha1::digest(password);
    let salted = Sha1::new()
        .chain_update(SALT)
        .chain_update(Sha1::digest(once));
    let mask = salted.finalize();
    once.iter()
        .zip(mask)
        .map(|(byte, mask)| byte ^ mask)
        .collect()
}

/// One connection, until it says goodbye.
async fn serve(mut stream: TcpStream, kept: Arc<Mutex<Passwords>>) {
    send(&mut stream, 0, &[greeting()]).await;
    // Whoever only looked whether somebody listens has gone.
    let Some(answer) = receive(&mut stream).await else {
        return;
    };
    // Four numbers of 32 bytes together, the name and its end, and the length of the proof.
    let (user, proof) = answer[32..].split_at(USER.len());
    assert_eq!((user, &proof[..2]), (USER.as_bytes(), &[0, 20][..]));
    if !kept.lock().unwrap().valid(&proof[2..22]) {
        send(
            &mut stream,
            2,
            &[b"\xff\x15\x04#28000Access denied".to_vec()],
        )
        .await;
        return;
    }
    send(&mut stream, 2, &[done()]).await;
    while let Some(command) = receive(&mut stream).await {
        let Some((3, statement)) = command.split_first() else {
            return;
        };
        let statement = String::from_utf8(statement.to_vec()).unwrap();
        let packets = if statement.starts_with("SELECT VERSION()") {
            row(&["8.0.36", "app@%", "0", "0"])
        } else if statement.starts_with("SELECT GET_LOCK(") {
            row(&["1"])
        } else {
            if statement.starts_with("ALTER") {
                kept.lock().unwrap().alter(&statement);
            }
            vec![done()]
        };
        send(&mut stream, 1, &packets).await;
    }
}

fn greeting() -> Vec<u8> {
    let [low, high] = [ABILITIES as u16, (ABILITIES >> 16) as u16].map(u16::to_le_bytes);
    let (salt, rest) = SALT.split_at(8);
    let utf8mb4_in_autocommit = [45, 2, 0];
    [
        b"\x0a8.0.36\0\x01\0\0\0",
        salt,
        &[0],
        &low,
        &utf8mb4_in_autocommit,
        &high,
        &[21],
        &[0; 10],
        rest,
        b"\0mysql_native_password\0",
    ]
    .concat()
}

fn done() -> Vec<u8> {
    vec![0, 0, 0, 2, 0, 0, 0]
}

/// One row of texts.
fn row(values: &[&str]) -> Vec<Vec<u8>> {
    let end = vec![0xfe, 0, 0, 2, 0];
    let mut column = b"\x03def\0\0\0\x01c\0\x0c".to_vec();
    column.extend([45, 0, 0, 1, 0, 0, 0xfd, 0, 0, 0, 0, 0]);
    let mut packets = vec![vec![values.len() as u8]];
    packets.extend(values.iter().map(|_| column.clone()));
    packets.push(end.clone());
    let text = |value: &&str| [&[value.len() as u8], value.as_bytes()].concat();
    packets.push(values.iter().flat_map(text).collect());
    packets.push(end);
    packets
}

async fn send(stream: &mut TcpStream, first: u8, packets: &[Vec<u8>]) {
    for (number, packet) in (first..).zip(packets) {
        let mut head = u32::try_from(packet.len()).unwrap().to_le_bytes();
        head[3] = number;
        // Whoever has gone does not want it.
        let _gone = stream.write_all(&[&head[..], packet].concat()).await;
    }
}

async fn receive(stream: &mut TcpStream) -> Option<Vec<u8>> {
    let mut head = [0; 4];
    stream.read_exact(&mut head).await.ok()?;
    head[3] = 0;
    let mut packet = vec![0; u32::from_le_bytes(head) as usize];
    stream.read_exact(&mut packet).await.ok()?;
    Some(packet)
}
