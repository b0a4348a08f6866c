"""What any file may use; holds no method."""
