//! A socket that answers as a server in a state that a real one is not easily brought into.

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpListener;

/// Words, each with what a command that has it in it is answered.
pub type Answers = &'static [(&'static str, &'static str)];

/// Answers each command by the first of these whose word is in it, or with OK; the port.
pub async fn answering(answers: Answers) -> u16 {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    tokio::spawn(async move {
        while let Ok((mut stream, _)) = listener.accept().await {
            tokio::spawn(async move {
                let mut buffer = [0; 4096];
                while let Ok(count @ 1..) = stream.read(&mut buffer).await {
                    let said = String::from_utf8_lossy(&buffer[..count]).into_owned();
                    let answer = answers.iter().find(|(word, _)| said.contains(word));
                    let answer = answer.map_or("+OK", |(_, answer)| *answer);
                    let line = format!("{answer}\r\n");
                    stream.write_all(line.as_bytes()).await.unwrap();
                }
            });
        }
    });
    port
}
