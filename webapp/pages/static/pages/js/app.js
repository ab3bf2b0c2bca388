// Everything that moves on our pages. Each module looks for its own elements and does nothing
// where they are missing.
import "./ui/copy.js";
import "./ui/dialogs.js";
import "./ui/edit.js";
import "./ui/keys.js";
import "./ui/menu.js";
import "./ui/placeholders.js";
import "./ui/replicas.js";
import "./ui/session.js";
import "./ui/times.js";
import "./live.js";
import "./upload/start.js";
