//! `completions`.

use crate::place::Place;

#[test]
fn each_shell_gets_a_script_that_knows_the_commands() {
    let place = Place::new();
    for shell in ["bash", "zsh", "fish", "powershell"] {
        let ended = place.run(&["completions", shell]);
        assert_eq!((ended.code, ended.stderr.as_str()), (0, ""), "{ended:?}");
        for word in ["rotate-secret", "end-sessions", "scopegate"] {
            assert!(ended.stdout.contains(word), "{shell}: {word}");
        }
    }
    assert_eq!(place.run(&["completions", "cmd"]).code, 2);
}
