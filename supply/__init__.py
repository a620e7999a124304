"""What is installed: the licences of every locked package, and known vulnerabilities of these."""
